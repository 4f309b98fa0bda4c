"""Build an image with a model and the packages it needs: `make image MODEL=path IMAGE=name:tag`.

`python -m scripts.model_image ml-rest-api:1.0.0 path/to/fraud` builds the image fraud:1.0.0 on
ml-rest-api:1.0.0, and prints the commands that deploy it. It needs no packages.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from app import __version__
from app.cli.model_path import locate

DOCKERFILE = Path(__file__).resolve().parent.parent / "Dockerfile.model"


def main() -> None:
    """Build the image of a model on the image of the service."""
    base, model, *names = sys.argv[1:]
    path = Path(model).resolve()
    if not path.exists():
        sys.exit(f"Model '{model}' does not exist: set MODEL to a module or its folder")
    image = next(filter(None, names), None) or name_of(path)
    repository, _, tag = image.rpartition(":")
    if not repository or "/" in tag:
        sys.exit(f"Image '{image}' has no tag: set IMAGE to NAME:TAG")
    folder, module = locate(path)
    arguments = [f"--build-arg=IMAGE={base}", f"--build-arg=MODULE={module}"]
    command = ["docker", "build", f"--tag={image}", f"--file={DOCKERFILE}", *arguments, str(folder)]
    print(shlex.join(command), flush=True)
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(code)
    print(next_steps(repository, tag, name_of(path).partition(":")[0]))


def name_of(model: Path) -> str:
    """Return the name of the image for a module or a folder, with the version of the service.

    Helm's chart has this tag by default.
    """
    stem = model.name if model.is_dir() else model.stem
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    return f"{name or 'model'}:{__version__}"


def next_steps(repository: str, tag: str, release: str) -> str:
    """Return the commands that deploy an image."""
    return f"""
Built {repository}:{tag}. To deploy it on a kind cluster:

  kind load docker-image {repository}:{tag}
  helm install {release} charts/ml-rest-api --set image.repository={repository},image.tag={tag}

For another cluster, set IMAGE to REGISTRY/NAME:TAG, and run docker push instead of kind load."""


if __name__ == "__main__":
    main()
