"""The version of a release is the same everywhere; tests/chart/ checks the chart's appVersion."""

import re
import subprocess
import tomllib

import pytest

from app import __version__
from scripts.changelog import CHANGELOG, parse
from tests.chart.rendering import load
from tests.helpers import ROOT


def test_the_package_has_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__


def test_the_chart_has_the_version() -> None:
    assert load().version == __version__


def test_the_newest_entry_of_the_changelog_has_the_version() -> None:
    assert next(iter(parse(CHANGELOG.read_text()))) == __version__


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Dockerfile", r"^ARG VERSION=(.*)$"),
        ("Dockerfile.model", r"^ARG IMAGE=ml-rest-api:(.*)$"),
        ("README.md", r"\bml-rest-api:(\d[\w.]*)"),
        ("model/README.md", r"\bml-rest-api:(\d[\d.]*)"),
    ],
)
def test_the_image_has_the_version(name: str, pattern: str) -> None:
    found = re.findall(pattern, (ROOT / name).read_text(), flags=re.MULTILINE)
    assert set(found) == {__version__}


def test_make_prints_only_the_version() -> None:
    command = ["make", "--silent", "version"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == f"{__version__}\n"
