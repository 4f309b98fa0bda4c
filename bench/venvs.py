"""Create the virtual environments of the servers: `python -m bench.venvs [NAME ...]`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from bench.registry import SERVERS
from bench.servers import BENCH, MODELS


def install(name: str) -> Path:
    """Return the Python of a server's virtual environment, with its requirements installed."""
    return create(BENCH / ".venvs" / name, requirements_file(name), "--compile-bytecode")


def create(folder: Path, requirements: Path, *options: str) -> Path:
    """Return the Python of the virtual environment in `folder` with the requirements installed.

    It is made anew where the requirements have changed.

    Args:
        folder: where it is.
        requirements: the pinned packages, a file of this project.
        options: of `uv pip install`.

    """
    python = folder / "bin" / "python"
    stamp = folder / "installed.txt"
    if stamp.is_file() and stamp.read_text() == requirements.read_text():
        return python
    print(f"{folder.name}: installing {requirements.relative_to(BENCH.parent)}", flush=True)
    uv = (sys.executable, "-m", "uv")
    _run(*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
    _run(
        *uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(requirements), *options
    )
    shutil.copy(requirements, stamp)
    return python


def requirements_file(name: str) -> Path:
    """Return the pinned requirements of an environment; this service uses those of its image."""
    ours = {"ours": "requirements.txt", "compiled": "requirements-compiled.txt"}
    if name in ours:
        return BENCH.parent / ours[name]
    return BENCH / "peers" / name / "requirements.txt"


def prepare(names: set[str]) -> None:
    """Install the environments; train the models and convert them to the peers' formats."""
    ours = install("ours")
    trained = [BENCH / "models" / f"{name}.joblib" for name in (*MODELS, "rows", "batches")]
    if not all(file.is_file() for file in trained):
        _run(str(ours), "-m", "bench.train")
    for name in sorted(names - {"ours"}):
        python = install(name)
        script = BENCH / "peers" / name / "save.py"
        for model in MODELS:
            target = BENCH / "models" / f"{name}-{model}"
            if script.is_file() and not target.exists():
                _run(
                    str(python), str(script), str(BENCH / "models" / f"{model}.joblib"), str(target)
                )


def versions(name: str) -> dict[str, str]:
    """Return the versions of the packages in an environment."""
    script = (
        "import json; from importlib.metadata import distributions; "
        "print(json.dumps({d.name.lower(): d.version for d in distributions()}))"
    )
    command = [str(BENCH / ".venvs" / name / "bin" / "python"), "-c", script]
    installed: dict[str, str] = json.loads(subprocess.run(command, check=True, stdout=PIPE).stdout)
    return installed


def _run(*command: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(BENCH.parent)}
    subprocess.run(command, check=True, cwd=BENCH.parent, env=environ)


if __name__ == "__main__":
    prepare(set(sys.argv[1:]) or {server.venv for server in SERVERS.values()})
