"""`python -m app install` and `check`: a model's requirements.txt, with pip and with uv."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.cli.wheels import create_venv, path_without_uv, write_wheel
from tests.helpers import ROOT, write_module

MODULE = """
    import tiny

    def run(input_data):
        return tiny.__version__

    def sample():
        return {"tiny": tiny.__version__}
"""


class Folder:
    """A model folder, and a virtual environment to install its packages into."""

    def __init__(self, tmp_path: Path, installer: str) -> None:
        self.wheels = tmp_path / "wheels"
        for version in ("1.0", "2.0"):
            write_wheel(self.wheels, "tiny", version)
        self.module = write_module(tmp_path / "fraud", MODULE, "fraud")
        self.python = create_venv(tmp_path / "venv")
        with_uv = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self.environ = os.environ | {"PATH": with_uv if installer == "uv" else path_without_uv()}

    def require(self, *lines: str) -> None:
        """Write requirements.txt."""
        text = "\n".join(("--no-index", f"--find-links {self.wheels}", *lines))
        (self.module.parent / "requirements.txt").write_text(text)

    def run(self, command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        """Run a command of `python -m app` for this folder."""
        return subprocess.run(
            [self.python, "-m", "app", command, self.module.parent],
            cwd=cwd,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(params=["pip", "uv"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Folder:
    return Folder(tmp_path, request.param)


def test_packages_are_installed_when_the_file_changes(folder: Folder) -> None:
    folder.require("tiny==1.0")
    done = folder.run("install")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        f"Installing the packages of {folder.module.parent}/requirements.txt"
    )
    done = folder.run("install")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    folder.require("tiny==2.0")
    assert folder.run("install").stdout != ""
    assert 'such as "2.0"' in folder.run("check").stdout


def test_check_installs_what_the_model_imports(folder: Folder) -> None:
    done = folder.run("check")
    assert done.returncode == 1
    assert "No module named 'tiny'" in done.stderr
    folder.require("tiny<2")
    done = folder.run("check")
    assert done.returncode == 0, done.stderr
    assert 'such as "1.0"' in done.stdout


@pytest.mark.parametrize("needs_it_itself", [True, False])
def test_conflict_with_a_package_of_the_service_names_both(
    folder: Folder, needs_it_itself: bool
) -> None:
    write_wheel(folder.wheels, "click", "1.0")
    write_wheel(folder.wheels, "old", "1.0", requires="click<2")
    folder.require("click<2" if needs_it_itself else "old")
    done = folder.run("check")
    assert done.returncode == 1
    assert "click<2" in done.stdout + done.stderr
    assert "click==8" in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"The packages of {folder.module.parent}/requirements.txt cannot be installed: "
        "fix what is reported above"
    )


def test_failed_installation_is_tried_again(folder: Folder) -> None:
    folder.require("tiny==1.0")
    folder.run("install")
    folder.require("tiny==3.0")
    assert folder.run("install").returncode == 1
    folder.require("tiny==1.0")
    assert folder.run("install").stdout != ""


def test_the_list_of_mlflow_is_not_installed(folder: Folder) -> None:
    folder.require("absent")
    (folder.module.parent / "MLmodel").write_text("flavors: {}")
    done = folder.run("install")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_installed_in_an_image(tmp_path: Path, folder: Folder) -> None:
    image = tmp_path / "image"
    shutil.copytree(ROOT / "app", image / "app")
    (image / "requirements.txt").write_text("tiny")  # of the user's
    folder.require("tiny")
    done = folder.run("install", cwd=image)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_outside_a_virtual_environment_the_output_tells_what_to_run(tmp_path: Path) -> None:
    folder = Folder(tmp_path, "pip")
    folder.python = Path(sys.base_prefix, "bin", "python3")
    folder.environ["PYTHONPATH"] = sysconfig.get_path("purelib")
    folder.require("tiny")
    done = folder.run("check")
    assert done.returncode == 1
    hint, reason = done.stderr.splitlines()
    assert "requirements.txt is not installed" in hint
    assert "`make check`" in hint
    assert "No module named 'tiny'" in reason


def test_model_without_requirements_needs_nothing(tmp_path: Path) -> None:
    done = Folder(tmp_path, "pip").run("install")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
