"""`python -m app install [MODEL]`, which `make run`, `make dev` and `check` do first."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

import app
from app.bare.mlmodel import MLMODEL
from app.cli.model_argument import model_argument, settings_for

_PROJECT = Path(app.__file__).parents[1]
_STAMP = "model-requirements.txt"  # in the virtual environment: what was installed last


@click.command
@model_argument
def install(model: Path | None) -> None:
    """Install the packages that a model needs into the virtual environment.

    They are in requirements.txt beside MODEL, a module or its folder; by default, in MODEL_DIR.
    Nothing is installed if the file has not changed. Ends with exit code 1 if the installation
    fails.
    """
    install_packages(Path(settings_for(model).MODEL_DIR))


def install_packages(folder: Path) -> None:
    """Install the packages in a model folder's requirements.txt, if that has changed.

    The versions of the service's own packages are kept: a conflict is an error. Nothing is
    installed in an image, which has its packages, and of this project only the code.

    Raises:
        SystemExit: they cannot be installed.

    """
    file = folder.absolute() / "requirements.txt"
    if not (file.is_file() and (_PROJECT / "pyproject.toml").is_file()):
        return
    if (folder / MLMODEL).is_file():  # MLflow's list has MLflow itself, and exact versions
        return
    installer = _installer()
    if not installer:
        click.echo(
            f"{file} is not installed, which needs a virtual environment with pip or uv: "
            "run `make check`, or `pip install -r` with this file",
            err=True,
        )
        return
    constraints = _without_hashes((_PROJECT / "requirements.txt").read_text())
    stamp = Path(sys.prefix, _STAMP)
    content = constraints + file.read_text()
    if stamp.is_file() and stamp.read_text() == content:
        return
    click.echo(f"Installing the packages of {file} into {sys.prefix}: this may take a minute")
    stamp.unlink(missing_ok=True)
    _run(installer, file, constraints)
    stamp.write_text(content)


def _run(installer: list[str], file: Path, constraints: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix="-constraints.txt") as temporary:
        temporary.write(constraints)
        temporary.flush()
        command = [*installer, "--requirement", str(file), "--constraint", temporary.name]
        done = subprocess.run(command, check=False, cwd=file.parent)  # noqa: S603
    if done.returncode:
        sys.exit(f"The packages of {file} cannot be installed: fix what is reported above")


def _installer() -> list[str]:
    """Return the command that installs packages; empty if there is none, or nowhere to install."""
    if sys.prefix == sys.base_prefix:
        return []
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    return []


def _without_hashes(locked: str) -> str:
    """Return locked packages as constraints: pip takes no hashes there without those of all."""
    lines = (line.rstrip(" \\") for line in locked.splitlines())
    return "".join(f"{line}\n" for line in lines if line and line[0] not in " #")
