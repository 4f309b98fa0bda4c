import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import __version__
from scripts.package_chart import prepare
from tests.chart.rendering import CHART, container, load
from tests.helpers import ROOT

REPOSITORY = "https://example.com/owner/name"
IMAGE = "registry.example.com:5000/owner/name"


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def metadata(chart: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((chart / "Chart.yaml").read_text())
    return found


def test_without_addresses_the_chart_is_that_of_the_tree(tmp_path: Path) -> None:
    assert files(prepare(tmp_path)) == files(CHART)


def test_the_tree_names_no_address_of_the_project() -> None:
    chart = metadata(CHART)
    assert {"home", "sources"} & chart.keys() == set()
    assert "artifacthub.io/links" not in chart["annotations"]
    assert chart["icon"].startswith("data:")


def test_with_an_image_the_chart_runs_it_without_values(tmp_path: Path) -> None:
    chart = prepare(tmp_path, image=IMAGE)
    for values in ({}, {"image": None}):
        assert container(values, path=chart)["image"] == f"{IMAGE}:{__version__}"
    assert f'| `image.repository` | `"{IMAGE}"` |' in (chart / "README.md").read_text()
    assert metadata(chart) == metadata(CHART)


def test_with_a_repository_the_chart_names_its_source(tmp_path: Path) -> None:
    chart = metadata(prepare(tmp_path, repository=REPOSITORY))
    links = yaml.safe_load(chart["annotations"].pop("artifacthub.io/links"))
    assert (chart.pop("home"), chart.pop("sources")) == (REPOSITORY, [REPOSITORY])
    assert chart == metadata(CHART)
    for link in links:
        prefix = f"{REPOSITORY}/blob/v{__version__}/"
        assert link["url"].startswith(prefix)
        assert (ROOT / link["url"].removeprefix(prefix)).is_file()


@pytest.mark.parametrize(
    ("repository", "image"),
    [
        ("", "ghcr.io/owner/name:1.0.0"),
        ("", "ghcr.io/Owner/name"),
        ("", "name"),
        ("owner/name", ""),
        ("https://example.com/owner/name/", ""),
    ],
)
def test_a_wrong_address_is_an_error(tmp_path: Path, repository: str, image: str) -> None:
    with pytest.raises(ValueError, match=repository or image):
        prepare(tmp_path, repository, image)


def test_the_package_holds_the_chart(tmp_path: Path) -> None:
    if shutil.which("helm") is None:
        pytest.skip("helm is not installed")
    before = files(CHART)
    options = ["--repository", REPOSITORY, "--image", IMAGE, "--out", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "scripts.package_chart", *options], cwd=ROOT, check=True)
    assert files(CHART) == before
    with tarfile.open(tmp_path / f"ml-rest-api-{__version__}.tgz") as package:
        names = package.getnames()
        package.extractall(tmp_path / "unpacked", filter="data")
    chart = tmp_path / "unpacked" / "ml-rest-api"
    assert load(chart).metadata["home"] == REPOSITORY
    assert container(path=chart)["image"] == f"{IMAGE}:{__version__}"
    assert [name for name in names if "icon.svg" in name or "/ci/" in name] == []


def test_without_helm_one_line_says_what_is_missing(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "scripts.package_chart"],
        cwd=ROOT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr == "Packaging the chart needs helm, which is not installed\n"
