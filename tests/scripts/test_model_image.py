"""`make image MODEL=path`: the image that is built, and the commands that are printed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from tests.helpers import ROOT, write_module

MODULE = "def run(row): return row"


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    """A folder with a program named docker, which prints its arguments."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit ${DOCKER_CODE:-0}\n')
    program.chmod(0o755)
    return program.parent


def build(
    docker: Path, model: Path, image: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.model_image", "ml-rest-api:9", model, image],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{docker}:{os.environ['PATH']}", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("modules", "model", "expected"),
    [
        (["fraud"], "My Fraud_2", ("my-fraud-2", "")),
        (["ml_trained_model", "train"], "fraud.v2", ("fraud-v2", "ml_trained_model")),
        (["fraud", "train"], "models/fraud.py", ("fraud", "fraud.py")),
    ],
)
def test_model_is_the_only_content_of_the_image(
    tmp_path: Path, docker: Path, modules: list[str], model: str, expected: tuple[str, str]
) -> None:
    name, module = expected
    path = tmp_path / model
    folder = path.parent if path.suffix == ".py" else path
    for each in modules:
        write_module(folder, MODULE, each)
    done = build(docker, path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[1:7] == [
        "build",
        f"--tag={name}:{__version__}",
        f"--file={ROOT}/Dockerfile.model",
        "--build-arg=IMAGE=ml-rest-api:9",
        f"--build-arg=MODULE={module}",
        str(folder),
    ]
    assert f"  kind load docker-image {name}:{__version__}" in lines
    values = f"image.repository={name},image.tag={__version__}"
    assert f"  helm install {name} charts/ml-rest-api --set {values}" in lines


def test_image_can_have_another_name(tmp_path: Path, docker: Path) -> None:
    file = write_module(tmp_path, MODULE, "fraud")
    done = build(docker, file, "registry.example:5000/team/fraud:2")
    assert "--tag=registry.example:5000/team/fraud:2" in done.stdout
    assert "image.repository=registry.example:5000/team/fraud,image.tag=2\n" in done.stdout


@pytest.mark.parametrize("image", ["fraud", "registry.example:5000/fraud"])
def test_name_without_a_tag_is_an_error(tmp_path: Path, docker: Path, image: str) -> None:
    done = build(docker, write_module(tmp_path, MODULE), image)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Image '{image}' has no tag: set IMAGE to NAME:TAG\n"


def test_missing_model_is_an_error(tmp_path: Path, docker: Path) -> None:
    done = build(docker, tmp_path / "fraud.py")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("fraud.py' does not exist: set MODEL to a module or its folder\n")


def test_failed_build_prints_no_next_steps(tmp_path: Path, docker: Path) -> None:
    done = build(docker, write_module(tmp_path, MODULE), DOCKER_CODE="7")
    assert done.returncode == 7
    assert "helm install" not in done.stdout
