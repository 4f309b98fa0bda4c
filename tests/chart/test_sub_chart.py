"""The chart as a dependency of another chart."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import Chart, HelmError

from tests.chart.rendering import CHART, Object

DEPENDENCIES = [
    {"name": "ml-rest-api", "version": "1.x", "condition": "ml-rest-api.enabled"},
    {"name": "ml-rest-api", "version": "1.x", "alias": "fraud", "condition": "fraud.enabled"},
]
GLOBAL = {"imageRegistry": "mirror.example.com", "imagePullSecrets": ["mirror"], "domain": "a"}


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("parent")
    metadata = {
        "apiVersion": "v2",
        "name": "parent",
        "version": "1.0.0",
        "dependencies": DEPENDENCIES,
    }
    (path / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    shutil.copytree(CHART, path / "charts" / "ml-rest-api")
    return path


def deployments(parent: Path, values: Object) -> dict[str, Any]:
    """Return the pod specifications of the Deployments by name."""
    with Chart.load(parent) as chart:  # each time: a condition that is off removes a dependency
        rendered = chart.render({"global": GLOBAL, **values}, name="shop")
    found = [
        yaml.safe_load(text)
        for path, text in rendered.items()
        if Path(path).name == "deployment.yaml"
    ]
    return {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in found}


def test_globals_are_used(parent: Path) -> None:
    pod = deployments(parent, {"fraud": {"enabled": False}})["shop-ml-rest-api"]
    assert pod["containers"][0]["image"] == "mirror.example.com/ml-rest-api:1.0.0"
    assert pod["imagePullSecrets"] == [{"name": "mirror"}]


def test_subchart_can_be_disabled(parent: Path) -> None:
    off = {"enabled": False}
    assert deployments(parent, {"fraud": off, "ml-rest-api": off}) == {}


def test_subchart_can_be_used_twice(parent: Path) -> None:
    values = {"fraud": {"model": {"module": "def run(row): ..."}, "settings": {"WORKERS": 2}}}
    pods = deployments(parent, values)
    assert set(pods) == {"shop-fraud", "shop-ml-rest-api"}
    assert [volume["name"] for volume in pods["shop-fraud"]["volumes"]] == [
        "tmp",
        "model",
        "model-files",
    ]
    assert [volume["name"] for volume in pods["shop-ml-rest-api"]["volumes"]] == ["tmp"]


def test_schema_applies_to_the_subchart(parent: Path) -> None:
    with pytest.raises(HelmError, match="replicas"):
        deployments(parent, {"fraud": {"replicas": 2}})
