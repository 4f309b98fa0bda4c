"""`skaffold run` and `skaffold dev`, on a copy of the project."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from e2e.cluster import HELM, Cluster, Namespace, open_namespaces, run
from e2e.pods import is_ready
from e2e.toolbox import Toolbox
from tests.helpers import PREDICT, ROOT, eventually

ROW = {
    "docks": 24,
    "temperature": 21.5,
    "holiday": False,
    "weather": "clear",
    "opened": "2023-04-01",
    "at": "2025-06-05T17:30:00Z",
}
NEW_MODULE = 'def run(input_data):\n    return {"answer": 42 * input_data["docks"]}\n'
NEW_PAGE = '\n\n@app.get("/edited")\ndef edited() -> str:\n    return "yes"\n'
SECONDS = 30  # limit for a change; it takes about 4, and building an image would take more than 30

if shutil.which("skaffold") is None and os.environ.get("CI", "").lower() not in ("true", "1"):
    pytest.skip("Skipping the skaffold tests: skaffold not found on PATH", allow_module_level=True)


@dataclass(frozen=True)
class Project:
    """A copy of the project, and the namespace that skaffold.yaml deploys to."""

    folder: Path
    namespace: Namespace
    environ: dict[str, str]

    def skaffold(self, *arguments: str) -> str:
        """Run skaffold until it exits."""
        return run(
            "skaffold",
            *arguments,
            "--filename",
            self.folder / "skaffold.yaml",
            environ=self.environ,
        )


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "project"
    for name in ("app", "model", "charts"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("Dockerfile", ".dockerignore", "LICENSE", "requirements.txt", "skaffold.yaml"):
        shutil.copy(ROOT / name, folder)
    environ = {
        **cluster.environ,
        "PATH": f"{folder_with_helm(tmp_path)}:{os.environ['PATH']}",
        "SKAFFOLD_CACHE_FILE": str(tmp_path / "cache"),
        "SKAFFOLD_CONFIG": str(tmp_path / "config"),
        "SKAFFOLD_INTERACTIVE": "false",
        "SKAFFOLD_NO_PRUNE": "true",  # its image may be the one that the other tests use
        "SKAFFOLD_UPDATE_CHECK": "false",
    }
    namespace = Namespace(cluster, "default")
    restricted = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", "default", restricted, "--overwrite")
    open_namespaces.append(namespace)
    yield Project(folder, namespace, environ)
    open_namespaces.remove(namespace)
    namespace.helm("uninstall", "ml-rest-api", "--ignore-not-found")


def folder_with_helm(tmp_path: Path) -> Path:
    """Return a folder with a `helm` that skaffold can use: Helm 3 if it is installed."""
    helm = shutil.which(os.environ.get("HELM3", "helm3")) or shutil.which(HELM)
    assert helm is not None
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "helm").symlink_to(helm)
    return folder


@contextlib.contextmanager
def skaffold_dev(project: Project) -> Iterator[tuple[Path, subprocess.Popen[bytes]]]:
    """Run `skaffold dev` in its own process group; yield its log and its process."""
    log = project.folder.parent / "skaffold.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["skaffold", "dev", "--cache-artifacts=false"],
            cwd=project.folder,
            env=project.environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield log, process
    except BaseException as error:
        error.add_note(log.read_text())
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_skaffold_run_deploys_the_built_image(project: Project, toolbox: Toolbox) -> None:
    output = project.skaffold("run", "--tail=false")
    # The tag is printed first.
    image = re.findall(r"^ - ml-rest-api -> (\S+)", output, re.MULTILINE)[-1]
    (pod,) = project.namespace.pods("ml-rest-api")
    assert pod["spec"]["containers"][0]["image"] == image
    assert is_ready(pod)
    assert toolbox.predict("http://ml-rest-api.default:8888", ROW).status == 200
    project.skaffold("delete")
    assert project.namespace.pods("ml-rest-api") == []


def test_skaffold_dev_applies_changes_within_seconds(project: Project) -> None:
    is_8888_free = port_is_free(8888)
    with skaffold_dev(project) as (log, process):
        found = eventually(
            lambda: re.search(r"Port forwarding service/ml-rest-api .* -> (\S+)", log.read_text()),
            within=300,
        )
        url = found[1]
        assert url == "http://127.0.0.1:8888" or not is_8888_free

        def predict() -> Any:
            return requests.post(url + PREDICT, json=ROW, timeout=5).json()

        eventually(lambda: "bikes" in predict())
        pods = project.namespace.pods("ml-rest-api")

        (project.folder / "model" / "ml_trained_model.py").write_text(NEW_MODULE)
        eventually(lambda: predict() == {"answer": 1008}, SECONDS)

        with (project.folder / "app" / "wsgi.py").open("a") as file:
            file.write(NEW_PAGE)
        eventually(lambda: requests.get(f"{url}/edited", timeout=5).text == "yes", SECONDS)

        (pod,) = project.namespace.pods("ml-rest-api")
        assert [pod["metadata"]["uid"]] == [each["metadata"]["uid"] for each in pods]
        assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
        assert log.read_text().count("Build [ml-rest-api] succeeded") == 1

        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(60) == 0
        assert project.namespace.pods("ml-rest-api") == []
        assert "ml-rest-api" not in project.namespace.helm("list", "--short")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
