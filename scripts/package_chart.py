"""Package the Helm chart: `python -m scripts.package_chart`, or `make chart`.

The chart in the tree names no address. With `--repository` the packaged one names its source, and
with `--image` it runs that image by default, so it can be installed without values.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from app import __version__
from scripts import render_chart

_IMAGE = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+")
_REPOSITORY = re.compile(r"https://[^/\s]+/\S*[^/\s]")
_DEFAULT_IMAGE = re.compile(r"^(image:\n(?: .*\n)*?  repository: ).*$", re.MULTILINE)


def main() -> None:
    """Write the package into the folder `dist`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repository", default="", help="as https://github.com/OWNER/NAME")
    parser.add_argument("--image", default="", help="image without tag, as ghcr.io/owner/name")
    parser.add_argument("--out", type=Path, default=render_chart.ROOT / "dist")
    arguments = parser.parse_args()
    helm = shutil.which("helm")
    if helm is None:
        sys.exit("Packaging the chart needs helm, which is not installed")
    with tempfile.TemporaryDirectory() as folder:
        try:
            chart = prepare(Path(folder), arguments.repository, arguments.image)
        except ValueError as error:
            sys.exit(str(error))
        command = [helm, "package", str(chart), "--destination", str(arguments.out)]
        sys.exit(subprocess.run(command, check=False).returncode)


def prepare(folder: Path, repository: str = "", image: str = "") -> Path:
    """Return a copy of the chart with the addresses in it.

    Args:
        folder: An empty folder for the copy.
        repository: The address of the project's repository, or empty.
        image: The name of the image, without tag, or empty.

    Raises:
        ValueError: An address is not of the expected form.

    """
    chart = folder / "charts" / render_chart.NAME
    shutil.copytree(render_chart.ROOT / "charts" / render_chart.NAME, chart)
    if image:
        _set_image(chart / "values.yaml", image)
        (folder / "k8s").mkdir()
        render_chart.write(folder)
    if repository:
        _set_repository(chart / "Chart.yaml", repository)
    return chart


def _set_image(values_yaml: Path, image: str) -> None:
    if not _IMAGE.fullmatch(image):
        raise ValueError(
            f"The image is not a name without tag, such as ghcr.io/owner/name: {image}"
        )
    text, count = _DEFAULT_IMAGE.subn(rf"\g<1>{image}", values_yaml.read_text())
    if count != 1:
        raise ValueError("values.yaml has no image.repository")
    values_yaml.write_text(text)


def _set_repository(chart_yaml: Path, repository: str) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise ValueError(f"The repository is not an https address without final /: {repository}")
    metadata = yaml.safe_load(chart_yaml.read_text())
    source = f"{repository}/blob/v{__version__}"
    links = [
        {"name": "Documentation", "url": f"{source}/README.md"},
        {"name": "How to write a model module", "url": f"{source}/model/README.md"},
    ]
    metadata["home"] = repository
    metadata["sources"] = [repository]
    metadata["annotations"]["artifacthub.io/links"] = yaml.safe_dump(links, sort_keys=False)
    chart_yaml.write_text(yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True))


if __name__ == "__main__":
    main()
