import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts import sbom

INSTALLED = {name: importlib.metadata.version(name) for name in ("click", "Flask")}


@pytest.fixture(scope="module")
def bom(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """List an environment with the metadata of two packages, as of an image."""
    folder = tmp_path_factory.mktemp("sbom")
    packages = sbom.site_packages(folder / "environment")
    for name in INSTALLED:
        metadata = importlib.metadata.distribution(name).locate_file("")
        (source,) = Path(str(metadata)).glob(f"{name.lower()}-*.dist-info")
        shutil.copytree(source, packages / source.name)
    sbom.write(folder / "environment", folder / "bom.json")
    found: dict[str, Any] = json.loads((folder / "bom.json").read_text())
    return found


def test_the_list_has_exactly_the_packages_of_the_environment(bom: dict[str, Any]) -> None:
    assert sbom.problems(bom, INSTALLED) == []
    purls = {each["purl"] for each in bom["components"]}
    assert purls == {f"pkg:pypi/{name.lower()}@{INSTALLED[name]}" for name in INSTALLED}


def test_a_package_that_is_missing_or_too_many_is_a_problem(bom: dict[str, Any]) -> None:
    more = {"numpy": "2.0"}
    assert sbom.problems(bom, INSTALLED | more) == ["numpy differs; installed: 2.0, listed: None"]
    assert sbom.problems(bom, {"Flask": INSTALLED["Flask"]}) == [
        f"click differs; installed: None, listed: {INSTALLED['click']}"
    ]


def test_another_version_is_a_problem(bom: dict[str, Any]) -> None:
    assert sbom.problems(bom, INSTALLED | {"click": "0.1"}) == [
        f"click differs; installed: 0.1, listed: {INSTALLED['click']}"
    ]


@pytest.mark.parametrize("key", ["purl", "licenses"])
def test_a_package_that_lacks_what_users_look_for_is_a_problem(
    bom: dict[str, Any], key: str
) -> None:
    first, *others = bom["components"]
    lacking = {name: value for name, value in first.items() if name != key}
    problems = sbom.problems(bom | {"components": [lacking, *others]}, INSTALLED)
    assert problems == [f"{first['name']} has no {key}"]


def test_a_list_of_another_program_is_a_problem(bom: dict[str, Any]) -> None:
    other = {"metadata": {"component": {"name": "other", "version": "1"}}, "serialNumber": ""}
    problems = sbom.problems(bom | other, INSTALLED)
    assert problems == ["The list is of other 1", "The list has no serial number"]
