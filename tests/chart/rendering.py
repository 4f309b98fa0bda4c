"""Render the chart like `helm template`, without a Helm binary."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import Chart, HelmError, values_from_yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "ml-rest-api"
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))

Object = dict[str, Any]


@functools.cache
def load(path: Path = CHART) -> Chart:
    return Chart.load(path)


def render_texts(
    values: Object | None = None, *, name: str = "demo", path: Path = CHART
) -> dict[str, str]:
    """Return the rendered text of each template, by the template's path in the chart."""
    rendered = load(path).render(values or {}, name=name, namespace="models")
    return {key.partition("/templates/")[2]: text for key, text in rendered.items()}


def render(values: Object | None = None, *, name: str = "demo", path: Path = CHART) -> list[Object]:
    """Return all rendered objects, parsed by Helm's own YAML parser."""
    rendered = render_texts(values, name=name, path=path)
    return [
        values_from_yaml(document)
        for key, text in rendered.items()
        if key.endswith(".yaml")
        for document in re.split("^---$", text, flags=re.MULTILINE)
        if document.strip()
    ]


def of_kind(kind: str, values: Object | None = None, **options: Any) -> list[Object]:
    return [each for each in render(values, **options) if each["kind"] == kind]


def one(kind: str, values: Object | None = None, **options: Any) -> Object:
    """Return the only object of a kind; the only Pod is the one of `helm test`."""
    (found,) = of_kind(kind, values, **options)
    return found


def template(values: Object | None = None, **options: Any) -> Object:
    """Return the template of the service's pods."""
    found: Object = one("Deployment", values, **options)["spec"]["template"]
    return found


def pod(values: Object | None = None, **options: Any) -> Object:
    """Return the specification of the service's pods."""
    spec: Object = template(values, **options)["spec"]
    return spec


def container(values: Object | None = None, **options: Any) -> Object:
    """Return the container of the service."""
    first: Object = pod(values, **options)["containers"][0]
    return first


def volume(name: str, values: Object) -> Object | None:
    return next((each for each in pod(values)["volumes"] if each["name"] == name), None)


def env(container_spec: Object) -> dict[str, Any]:
    """Return a container's environment; names must be unique, as server-side apply requires."""
    entries = container_spec.get("env", [])
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names)), names
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in entries}


def render_error(values: Object, **options: Any) -> str:
    """Return the error message of a failed rendering."""
    with pytest.raises(HelmError) as caught:
        render(values, **options)
    return str(caught.value)


def example(path: Path) -> Object:
    values: Object = yaml.safe_load(path.read_text())
    return values


def pod_specs(objects: list[Object]) -> Iterator[Object]:
    """Yield every pod specification among the objects."""
    for each in objects:
        if each["kind"] == "Pod":
            yield each["spec"]
        elif each["kind"] in {"Deployment", "Job"}:
            yield each["spec"]["template"]["spec"]
