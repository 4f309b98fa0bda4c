"""List the Python packages of an image as CycloneDX JSON: `make sbom`.

`python -m scripts.sbom ml-rest-api:1.0.0 dist/ml-rest-api-1.0.0.cdx.json` reads the metadata of
/venv in the image, and fails if the list differs from what Python finds there. The packages of the
base image's operating system are not part of it.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path
from typing import Any

from app import __version__

ROOT = Path(__file__).resolve().parent.parent

_LIST = """
import importlib.metadata, json
print(json.dumps([[each.name, each.version] for each in importlib.metadata.distributions()]))
"""


def main() -> None:
    """Write the list of the image's packages, and compare it with the image."""
    image, out = sys.argv[1], Path(sys.argv[2])
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder)
        copy_metadata(image, site_packages(environment))
        write(environment, out)
    listed = json.loads(_run("docker", "run", "--rm", image, "python", "-c", _LIST))
    installed: dict[str, str] = dict(listed)
    if wrong := problems(json.loads(out.read_text()), installed):
        out.unlink()
        sys.exit("\n".join(wrong))
    print(f"{out}: {len(installed)} packages")


def site_packages(environment: Path) -> Path:
    """Create an environment without packages, and return the folder for them."""
    venv.create(environment)
    (folder,) = environment.glob("lib/python*/site-packages")
    return folder


def copy_metadata(image: str, folder: Path) -> None:
    """Copy the metadata of the image's packages, which has all that is listed, into the folder."""
    container = _run("docker", "create", image).strip()
    try:
        command = ["docker", "cp", f"{container}:/venv/lib", "-"]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE) as copy,
            tarfile.open(fileobj=copy.stdout, mode="r|") as archive,
        ):
            for member in archive:
                _, found, name = member.name.partition("/site-packages/")
                if found and ".dist-info/" in name:
                    archive.extract(member.replace(name=name), folder, filter="data")
    finally:
        _run("docker", "rm", container)


def write(environment: Path, out: Path) -> None:
    """Write the list of an environment's packages, as what the service consists of."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-file", str(out)]
    command += ["--pyproject", str(ROOT / "pyproject.toml"), str(environment)]
    subprocess.run(command, check=True)


def problems(bom: dict[str, Any], installed: dict[str, str]) -> list[str]:
    """Return how the list differs from the installed packages, and what it lacks.

    Args:
        bom: The list, as parsed JSON.
        installed: The version of each installed package by its name.

    """
    root = bom["metadata"]["component"]
    listed = {each["name"]: each for each in bom["components"]}
    versions = {name: each["version"] for name, each in listed.items()}
    wrong = []
    if (root["name"], root["version"]) != ("ml-rest-api", __version__):
        wrong.append(f"The list is of {root['name']} {root['version']}")
    if not bom.get("serialNumber"):
        wrong.append("The list has no serial number")
    for name in sorted(versions.keys() | installed.keys()):
        if versions.get(name) != installed.get(name):
            pair = f"{installed.get(name)}, listed: {versions.get(name)}"
            wrong.append(f"{name} differs; installed: {pair}")
    for name, component in listed.items():
        lacks = [key for key in ("purl", "licenses") if not component.get(key)]
        wrong += [f"{name} has no {key}" for key in lacks]
    return wrong


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    main()
