"""Values that Helm delivers in another form: null, missing, a number for a text, or the reverse."""

import copy
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from helm_python import HelmError

from scripts.chart_settings import REQUIRED as REQUIRED_SETTINGS
from tests.chart.rendering import (
    CHART,
    Object,
    container,
    env,
    load,
    one,
    pod,
    render,
    render_texts,
)
from tests.chart.test_kubernetes import MATRIX, OTHER_KINDS, VERSIONS, schema_errors

DEFAULTS: Object = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = load().schema or {}
# Every object of the chart is rendered with these.
ALL: Object = {
    **MATRIX[-1],
    "model": {"uri": "https://a.example.com/b", "sha256": "ab" * 32},
    "autoscaling": {"enabled": True},
    "podDisruptionBudget": {"enabled": True},
}

# The same, but the ScaledObject in place of the HorizontalPodAutoscaler.
WITH_KEDA: Object = {
    **ALL,
    "autoscaling": {"enabled": False},
    "keda": {"enabled": True, "serverAddress": "http://prometheus:9090"},
}

# Those that they require.
REQUIRED = {
    ("model", "uri"),
    ("model", "sha256"),
    ("httpRoute", "parentRefs"),
    ("autoscaling", "targetCPUUtilizationPercentage"),
    ("keda", "serverAddress"),
}


def paths(values: Object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every value, maps included."""
    for key, value in values.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from paths(value, (*path, key))


def everything(path: tuple[str, ...]) -> Object:
    """Return values that render the object that a value is part of, and all others."""
    return WITH_KEDA if path[0] == "keda" else ALL


def with_value(path: tuple[str, ...], value: Any, values: Object | None = None) -> Object:
    """Return the values with one of them changed."""
    changed = copy.deepcopy(values or {})
    node = changed
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = value
    return changed


def keywords(path: tuple[str, ...]) -> Object:
    """Return the schema of a value; empty for a part of an object that is passed on."""
    node: Object = SCHEMA
    for key in path:
        node = node.get("properties", {}).get(key, {})
    return node


def is_text(schema: Object) -> bool:
    return schema.get("type") == ["string", "number", "boolean"]


def is_map_of_texts(schema: Object) -> bool:
    return is_text(schema.get("additionalProperties") or {})


def is_integer(schema: Object) -> bool:
    return "integer" in schema.get("type", ())


def of_type(is_type: Callable[[Object], bool]) -> Iterator[tuple[str, ...]]:
    """Yield the paths of values other than settings whose schema is of a type."""
    return (path for path in paths(DEFAULTS) if path[0] != "settings" and is_type(keywords(path)))


def outcome(values: Object) -> list[Object] | str:
    """Return what is rendered, or the message of the templates, not of the schema."""
    try:
        return render(values)
    except HelmError as error:
        if "execution error at" not in str(error):
            raise
        return str(error)


def check(values: Object, **options: Any) -> None:
    """Check that the values are rendered to valid objects."""
    render_texts(values, **options)  # with NOTES.txt
    for each in render(values, **options):
        if each["kind"] not in OTHER_KINDS:
            assert schema_errors(each, VERSIONS[1]) == [], values


@pytest.mark.parametrize("path", [path for path in paths(DEFAULTS) if keywords(path)], ids=".".join)
def test_every_value_can_be_null(path: tuple[str, ...]) -> None:
    check(with_value(path, None))
    if path not in REQUIRED:
        check(with_value(path, None, everything(path)))


def test_all_maps_can_be_null_together() -> None:
    values = {name: None for name, default in DEFAULTS.items() if isinstance(default, dict)}
    check(values)
    assert env(container(values)) == env(container())
    assert one("Service", values) == one("Service")


def test_reused_values_of_an_older_chart_are_completed(tmp_path: Path) -> None:
    chart = tmp_path / "ml-rest-api"
    shutil.copytree(CHART, chart)
    old = (Path(__file__).parent / "values-1.0.0.yaml").read_text()
    (chart / "values.yaml").write_text(old)  # as with --reuse-values
    settings = yaml.safe_load(old)["settings"]
    stored = {name for name in settings if settings[name] != ""}
    assert set(
        env(container({"model": {"existingConfigMap": "fraud"}}, path=chart))
    ) == stored | set(REQUIRED_SETTINGS)
    for name, default in yaml.safe_load(old).items():
        if isinstance(default, dict):
            check({name: None}, path=chart)


@pytest.mark.parametrize("path", list(of_type(is_text)), ids=".".join)
@pytest.mark.parametrize(("value", "text"), [(20241124, "20241124"), (True, "true"), (1.5, "1.5")])
def test_a_number_or_a_boolean_is_accepted_as_a_text(
    path: tuple[str, ...], value: Any, text: str
) -> None:
    values = {} if path[0] == "model" else everything(path)
    assert outcome(with_value(path, value, values)) == outcome(with_value(path, text, values))
    if isinstance(outcome(with_value(path, value, values)), list):
        check(with_value(path, value, values))


@pytest.mark.parametrize("path", list(of_type(is_map_of_texts)), ids=".".join)
def test_a_number_or_a_boolean_is_accepted_in_a_map_of_texts(path: tuple[str, ...]) -> None:
    numbers, texts = {"a": 20241124, "b": True}, {"a": "20241124", "b": "true"}
    values = {"model": {"module": "x"}} if path[0] == "model" else everything(path)
    assert outcome(with_value(path, numbers, values)) == outcome(with_value(path, texts, values))


def test_a_number_is_accepted_in_lists_of_texts_and_as_the_value_of_a_variable() -> None:
    init = {"image": 1, "command": ["cp", 1], "args": [True, 2.5],
            "env": [{"name": "A", "value": 1}]}  # fmt: skip
    values = {"model": {"initContainer": init}, "extraEnv": [{"name": "B", "value": 0.5}]}
    (copy_model,) = pod(values)["initContainers"]
    assert copy_model["image"] == "1"
    assert copy_model["command"] + copy_model["args"] == ["cp", "1", "true", "2.5"]
    assert env(copy_model) == {"A": "1"}
    assert env(container(values))["B"] == "0.5"


@pytest.mark.parametrize("path", list(of_type(is_integer)), ids=".".join)
def test_a_text_is_accepted_as_a_number(path: tuple[str, ...]) -> None:
    values = with_value(("service", "type"), "NodePort", everything(path))
    assert outcome(with_value(path, "31", values)) == outcome(with_value(path, 31, values))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("MAX_BATCH_WAIT_MS", "0.5", "0.5"),
        ("MAX_PENDING", "128", "128"),
        ("SECRET_KEY", 12345, "12345"),
        ("TRAINED_MODEL_MODULE_NAME", 2024, "2024"),
        ("RESTX_VALIDATE", "Off", "Off"),
        ("RESTX_VALIDATE", 0, "0"),
        ("SELF_TEST", False, "off"),  # YAML reads `off` as false
        ("SELF_TEST", True, "on"),
        ("VERSION_CHECK", False, "off"),
        ("ACCESS_LOG", False, "off"),
    ],
)
def test_settings_accept_what_helm_and_yaml_make_of_a_value(
    name: str, value: Any, text: str
) -> None:
    assert env(container({"settings": {name: value}}))[name] == text
