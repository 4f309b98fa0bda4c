"""The settings are the same in app/config/settings.py, the values, the schema and the pod."""

import dataclasses
from typing import Any

import pytest
import yaml

from app import __version__
from app.config.settings import Settings
from scripts.chart_values import documented
from tests.chart.rendering import CHART, container, env, load, one, pod, refusal

FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())

# Where the chart's default is not the program's.
OTHER_DEFAULTS: dict[str, Any] = {"LOG_FORMAT": "json"}


def other_value(field: dataclasses.Field[Any]) -> str | float | bool:
    """Return a value that is not the field's default."""
    if field.metadata["choices"]:
        return str(next(each for each in field.metadata["choices"] if each != field.default))
    if field.type is bool:
        return not field.default
    if field.type is str:
        return "some $(PATH) $$ text: 'quoted' \"twice\" #"
    return float(field.metadata["maximum"])


def test_values_are_the_settings_with_their_defaults() -> None:
    defaults = {name: field.default for name, field in FIELDS.items()}
    assert VALUES["settings"] == defaults | OTHER_DEFAULTS


def test_schema_has_the_settings_and_no_others() -> None:
    schema = load().schema
    assert schema is not None
    settings = schema["properties"]["settings"]
    assert list(settings["properties"]) == list(FIELDS)
    assert settings["additionalProperties"] is False


def test_readme_tells_every_setting() -> None:
    readme = (CHART / "README.md").read_text()
    assert [name for name in FIELDS if f"| `settings.{name}` |" not in readme] == []


def test_pod_gets_every_setting() -> None:
    rendered = env(container())
    empty = {name for name, field in FIELDS.items() if field.default == ""}
    assert set(rendered) == set(FIELDS) - empty
    assert Settings.from_environ(rendered) == Settings(**OTHER_DEFAULTS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_changed_setting_arrives_as_it_was_given(name: str) -> None:
    value = other_value(FIELDS[name])
    rendered = env(container({"settings": {name: value}}))
    expanded = {key: text.replace("$$", "$") for key, text in rendered.items()}
    assert getattr(Settings.from_environ(expanded), name) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(1_048_576, "1048576"), (2**40, "1099511627776"), (1, "1")],
)
def test_numbers_are_plain(value: int, text: str) -> None:
    assert env(container({"settings": {"MAX_CONTENT_LENGTH": value}}))["MAX_CONTENT_LENGTH"] == text


def test_fractions_are_plain() -> None:
    settings = {"MAX_BATCH_WAIT_MS": 0.5}
    assert env(container({"settings": settings}))["MAX_BATCH_WAIT_MS"] == "0.5"


def test_an_empty_text_is_passed_on_where_it_means_something() -> None:
    settings = {"TRAINED_MODEL_MODULE_NAME": "", "SECRET_KEY": ""}
    rendered = env(container({"settings": settings}))
    assert rendered["TRAINED_MODEL_MODULE_NAME"] == ""
    assert "SECRET_KEY" not in rendered  # left to extraEnvFrom


def test_null_leaves_a_setting_out() -> None:
    assert "LOG_LEVEL" not in env(container({"settings": {"LOG_LEVEL": None}}))


def test_extra_env_takes_a_settings_place() -> None:
    entry = {"name": "LOG_LEVEL", "value": "DEBUG"}
    assert env(container({"extraEnv": [entry]}))["LOG_LEVEL"] == "DEBUG"


def test_extra_env_comes_last() -> None:
    entry = {"name": "A", "value": "b"}
    assert container({"extraEnv": [entry]})["env"][-1] == entry


@pytest.mark.parametrize("name", ["FLASK_PORT", "GRACEFUL_TIMEOUT"])
def test_what_the_pod_follows_is_set_as_a_setting(name: str) -> None:
    assert name in refusal({"extraEnv": [{"name": name, "value": "1"}]})
    assert name in refusal({"settings": {name: None}})


def test_port_and_probes_follow_the_setting() -> None:
    served = container({"settings": {"FLASK_PORT": 9000}})
    assert [(port["name"], port["containerPort"]) for port in served["ports"]] == [("http", 9000)]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert served[probe]["httpGet"]["port"] == "http"
    assert one("Service")["spec"]["ports"][0]["targetPort"] == "http"


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({}, 10 + 30 + 5),
        ({"settings": {"GRACEFUL_TIMEOUT": 120}}, 10 + 120 + 5),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 25}}}}, 25 + 30 + 5),
        ({"lifecycle": None}, 30 + 5),
        ({"terminationGracePeriodSeconds": 0}, 0),
    ],
)
def test_grace_period_covers_the_sleep_and_the_requests(
    values: dict[str, Any], seconds: int
) -> None:
    assert pod(values)["terminationGracePeriodSeconds"] == seconds


def test_app_version_is_the_programs() -> None:
    assert load().metadata["appVersion"] == __version__


def test_every_value_is_documented() -> None:
    def undocumented(values: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = []
        for key, value in values.items():
            if (*path, key) not in told:
                children = undocumented(value, (*path, key)) if isinstance(value, dict) else []
                found += children if isinstance(value, dict) and value else [(*path, key)]
        return found

    told = {value.path for value in documented((CHART / "values.yaml").read_text())}
    assert undocumented(VALUES, ()) == []


def test_schema_and_values_have_the_same_keys() -> None:
    def keys(schema: dict[str, Any], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
        found = set()
        for key, node in schema.get("properties", {}).items():
            found |= {(*path, key)} | keys(node, (*path, key))
        return found

    schema = load().schema
    assert schema is not None
    for path in keys(schema) - {("strategy", "type")}:
        node: Any = VALUES
        for key in path:
            assert key in node, path
            node = node[key]
