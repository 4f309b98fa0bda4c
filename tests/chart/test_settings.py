"""The settings are the same in app/config/settings.py, the values, the schema and the pod."""

import dataclasses
from typing import Any

import pytest
import yaml

from app import __version__
from app.config.settings import Settings
from scripts.chart_values import documented_values
from tests.chart.rendering import CHART, container, env, load, one, pod, render, render_error

FIELDS = {field.name: field for field in dataclasses.fields(Settings)}
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())

# Defaults of the chart that differ from those of the program.
OTHER_DEFAULTS: dict[str, Any] = {"EXIT_AFTER_FAILED_LOAD": True, "LOG_FORMAT": "json"}


# Values of the settings that are texts of a certain form.
PARSED_TEXTS = {
    "MODEL_CHECKSUMS": f"{'0' * 64}  some $(PATH) $$ text: 'quoted' \"twice\" #.py",
    "MODEL_NAME": "some $(PATH) $$ text, 'quoted'",
    "PICKLE_ALLOWED": "fraud.Cleaner,scikit-learn",
    "PROTOCOLS": "v2,v1",
    "ROOT_PATH": "/some/$(PATH)",
}


def changed_value(field: dataclasses.Field[Any]) -> str | float | bool:
    """Return a value other than the field's default."""
    if choices := field.metadata.get("choices"):
        return str(next(each for each in choices if each != field.default))
    if field.type is bool:
        return not field.default
    if text := PARSED_TEXTS.get(field.name):
        return text
    if field.type is str:
        return "some $(PATH) $$ text: 'quoted' \"twice\" #"
    return float(field.metadata["maximum"])


def test_values_contain_the_settings_with_their_defaults() -> None:
    defaults = {name: field.default for name, field in FIELDS.items()}
    assert VALUES["settings"] == defaults | OTHER_DEFAULTS


def test_schema_has_the_settings_and_no_others() -> None:
    schema = load().schema
    assert schema is not None
    settings = schema["properties"]["settings"]
    assert list(settings["properties"]) == list(FIELDS)
    assert settings["additionalProperties"] is False


def test_readme_documents_every_setting() -> None:
    readme = (CHART / "README.md").read_text()
    assert [name for name in FIELDS if f"| `settings.{name}` |" not in readme] == []


def test_every_setting_is_an_environment_variable() -> None:
    rendered = env(container({"model": {"existingConfigMap": "fraud"}}))
    assert rendered.pop("MODEL_DIR") == "/mnt/models"
    rendered["MODEL_DIR"] = FIELDS["MODEL_DIR"].default
    empty = {name for name, field in FIELDS.items() if field.default == ""}
    assert set(rendered) == set(FIELDS) - empty
    assert Settings.from_environ(rendered) == Settings(**OTHER_DEFAULTS)


@pytest.mark.parametrize("name", FIELDS)
def test_changed_setting_reaches_the_environment(name: str) -> None:
    value = changed_value(FIELDS[name])
    rendered = env(container({"settings": {name: value}}))
    expanded = {key: text.replace("$$", "$") for key, text in rendered.items()}
    assert getattr(Settings.from_environ(expanded), name) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(1_048_576, "1048576"), (2**40, "1099511627776"), (1, "1")],
)
def test_integers_are_rendered_without_an_exponent(value: int, text: str) -> None:
    assert env(container({"settings": {"MAX_CONTENT_LENGTH": value}}))["MAX_CONTENT_LENGTH"] == text


def test_fractions_are_rendered_as_decimals() -> None:
    settings = {"MAX_BATCH_WAIT_MS": 0.5}
    assert env(container({"settings": settings}))["MAX_BATCH_WAIT_MS"] == "0.5"


def test_empty_string_is_rendered_unless_it_is_the_default() -> None:
    settings = {"TRAINED_MODEL_MODULE_NAME": "", "SECRET_KEY": ""}
    rendered = env(container({"settings": settings}))
    assert rendered["TRAINED_MODEL_MODULE_NAME"] is None  # Kubernetes stores no empty value
    assert "SECRET_KEY" not in rendered  # can be set with extraEnvFrom


def test_an_image_that_has_the_model_may_name_it() -> None:
    names = {"MODEL_DIR", "TRAINED_MODEL_MODULE_NAME"}
    assert names.isdisjoint(env(container()))
    for name in names:
        rendered = env(container({"settings": {name: "fraud"}}))
        assert {key: rendered[key] for key in names & rendered.keys()} == {name: "fraud"}


def test_null_omits_a_setting() -> None:
    assert "LOG_LEVEL" not in env(container({"settings": {"LOG_LEVEL": None}}))


def test_extra_env_overrides_a_setting() -> None:
    entry = {"name": "LOG_LEVEL", "value": "DEBUG"}
    assert env(container({"extraEnv": [entry]}))["LOG_LEVEL"] == "DEBUG"


def test_extra_env_comes_last() -> None:
    entry = {"name": "A", "value": "b"}
    assert container({"extraEnv": [entry]})["env"][-1] == entry


@pytest.mark.parametrize("name", ["FLASK_PORT", "GRACEFUL_TIMEOUT", "MODEL_DIR", "PROTOCOLS"])
def test_settings_used_by_other_fields_have_a_default(name: str) -> None:
    for model in ({}, {"existingConfigMap": "fraud"}):
        assert render({"settings": {name: None}, "model": model}) == render({"model": model})


@pytest.mark.parametrize("name", ["FLASK_PORT", "GRACEFUL_TIMEOUT", "PROTOCOLS", "ROOT_PATH"])
def test_settings_used_by_other_fields_cannot_be_in_extra_env(name: str) -> None:
    assert f"settings.{name}" in render_error({"extraEnv": [{"name": name, "value": "1"}]})


def test_port_and_probes_use_the_setting() -> None:
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


def test_app_version_matches_the_program() -> None:
    assert load().metadata["appVersion"] == __version__


def test_every_value_is_documented() -> None:
    def undocumented(values: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
        found = []
        for key, value in values.items():
            if (*path, key) not in documented:
                children = undocumented(value, (*path, key)) if isinstance(value, dict) else []
                found += children if isinstance(value, dict) and value else [(*path, key)]
        return found

    documented = {value.path for value in documented_values((CHART / "values.yaml").read_text())}
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
