"""Images of Go programs, built from their modules: no container registry is needed."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from e2e.cluster import Cluster, run
from tests.helpers import ROOT

_CACHE = Path(os.environ.get("OFFLINE_KIND_CACHE", Path.home() / ".cache" / "offline-kind"))
_DOCKERFILE = 'FROM scratch\nCOPY program /program\nENTRYPOINT ["/program"]\n'


@dataclass(frozen=True)
class GoProgram:
    """A command of a Go module at a version, which the Go module proxy has.

    Attributes:
        repository: the image's name without the tag; its last part is the program's name.
        module: the path of the module.
        version: of the module, and the image's tag.
        package: the path of the command's package.

    """

    repository: str
    module: str
    version: str
    package: str

    @property
    def name(self) -> str:
        """The name of the program."""
        return self.repository.rpartition("/")[2]

    @property
    def image(self) -> str:
        """The image, whose entry point is the program."""
        return f"{self.repository}:{self.version}"

    def load(self, cluster: Cluster) -> None:
        """Build the image and copy it to the nodes; what is in Go's cache is not built again."""
        program = _CACHE / "bin" / f"{self.name}-{self.version}"
        build = ROOT / "e2e" / "offline-kind" / "go-build"
        run(build, program, self.module, self.version, self.package, within=1200)
        with TemporaryDirectory() as folder:
            shutil.copy(program, Path(folder) / "program")
            (Path(folder) / "Dockerfile").write_text(_DOCKERFILE)
            run("docker", "build", "--tag", self.image, folder)
        cluster.load(self.image)


def require_go() -> None:
    """Skip the test if Go is missing, except in CI, where the test fails."""
    if not shutil.which("go") and os.environ.get("CI") != "true":
        pytest.skip("Go, which builds a program of this test, is not on PATH")
