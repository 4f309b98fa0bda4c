"""What `make` does with a model of one's own."""

import subprocess
from pathlib import Path

import pytest

from tests.helpers import ROOT


def dry_run(*arguments: str) -> str:
    """Return the commands that make would run if nothing was up to date."""
    command = ["make", "--dry-run", "--always-make", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("target", ["run", "dev", "check"])
def test_example_is_trained_only_if_it_is_the_model(target: str, tmp_path: Path) -> None:
    train = "python model/train.py"
    for example in ("model", "./model/", str(ROOT / "model")):
        assert train in dry_run(target, f"MODEL_DIR={example}")
    assert train in dry_run(target)
    assert train not in dry_run(target, f"MODEL_DIR={tmp_path / 'my model'}")


@pytest.mark.parametrize("target", ["run", "dev"])
def test_packages_are_installed_before_the_model_is_served(target: str) -> None:
    *_, install, serve = [line for line in dry_run(target).splitlines() if "python -m" in line]
    assert install.endswith("python -m app install")
    assert serve.startswith("exec ")


def test_checked_model_can_be_named(tmp_path: Path) -> None:
    commands = dry_run("check", f"MODEL={tmp_path / 'my model'}")
    assert "model/train.py" not in commands
    assert f'python -m app check "{tmp_path / "my model"}"' in commands


def test_image_of_a_model_is_built_on_that_of_the_service(tmp_path: Path) -> None:
    assert "scripts.model_image" not in dry_run("image")
    commands = dry_run("image", f"MODEL={tmp_path}", "IMAGE=fraud:2")
    assert f'"{tmp_path}" "fraud:2"' in commands.partition("docker build")[2]
