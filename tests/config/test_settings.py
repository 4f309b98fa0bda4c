import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from app.config.settings import Settings
from app.errors import SettingError

README = Path(__file__).resolve().parents[2] / "README.md"
APP = README.parent / "app"


def test_without_environment_every_setting_has_its_default() -> None:
    assert Settings.from_environ({}) == Settings()
    assert (Settings().FLASK_PORT, Settings().RESTX_VALIDATE, Settings().MAX_BATCH_SIZE) == (
        8888,
        True,
        64,
    )


@pytest.mark.parametrize("text", ["true", "True", "TRUE", "1", "yes", "YES", "on", " On "])
def test_a_boolean_may_be_written_as_true(text: str) -> None:
    assert Settings.from_environ({"FLASK_DEBUG": text}).FLASK_DEBUG is True


@pytest.mark.parametrize("text", ["false", "False", "0", "no", "No", "off", "OFF"])
def test_a_boolean_may_be_written_as_false(text: str) -> None:
    assert Settings.from_environ({"RESTX_VALIDATE": text}).RESTX_VALIDATE is False


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("FLASK_DEBUG", "maybe", "true or false"),
        ("FLASK_DEBUG", "", "true or false"),
        ("FLASK_PORT", "http", "a whole number from 1 to 65535"),
        ("FLASK_PORT", "0", "a whole number from 1 to 65535"),
        ("FLASK_PORT", "65536", "a whole number from 1 to 65535"),
        ("FLASK_PORT", "80.0", "a whole number"),
        ("WORKERS", "1_0", "a whole number"),
        ("WORKERS", "٣", "a whole number"),
        ("THREADS", "-1", "a whole number from 1"),
        ("MAX_BATCH_WAIT_MS", "nan", "a number from 0"),
        ("MAX_BATCH_WAIT_MS", "-0.5", "a number from 0"),
        ("SWAGGER_UI_DOC_EXPANSION", "some", "one of none, list, full"),
        ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR"),
        ("LOG_FORMAT", "xml", "one of json, text"),
        ("ACCESS_LOG", "none", "one of off, errors, all"),
        ("PREDICT_TIMEOUT", "-1", "a number from 0"),
        ("PICKLE_POLICY", "deny", "one of allow, audit, forbid"),
        ("PICKLE_ALLOWED", "sklearn.*", "names such as fraud.Cleaner"),
        ("PICKLE_ALLOWED", "Cleaner", "names such as fraud.Cleaner"),
        ("MODEL_CHECKSUMS", "0" * 63, "what sha256sum prints"),
        ("MODEL_CHECKSUMS", f"{'0' * 64}, a.py", "what sha256sum prints"),
        ("ROOT_PATH", "/a b", "a path such as /fraud"),
        ("ROOT_PATH", "/a?b", "a path such as /fraud"),
        ("ROOT_PATH", "/a#b", "a path such as /fraud"),
        ("ROOT_PATH", "/a%20b", "a path such as /fraud"),
        ("ROOT_PATH", "/é", "a path such as /fraud"),
        ("ROOT_PATH", "/a//b", "a path such as /fraud"),
        ("ROOT_PATH", "//a", "a path such as /fraud"),
        ("ROOT_PATH", "/a//", "a path such as /fraud"),
        ("ROOT_PATH", "/a/../b", "a path such as /fraud"),
        ("ROOT_PATH", "https://a.example.com/b", "a path such as /fraud"),
        # As a prefix it would hide the probes, or the predictions.
        ("ROOT_PATH", "/api", "a path such as /fraud, none of the service's own"),
        ("ROOT_PATH", "api/model/", "a path such as /fraud, none of the service's own"),
    ],
)
def test_a_value_that_does_not_parse_is_rejected_in_one_line(
    name: str, text: str, expected: str
) -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environ({name: text})
    message = str(error.value)
    assert message.startswith(f"{name}={text!r}: expected {expected}")
    assert "\n" not in message


def test_a_long_value_of_several_lines_is_rejected_in_one_short_line() -> None:
    with pytest.raises(SettingError) as error:
        Settings.from_environ({"WORKERS": "x\n" * 10_000})
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""),
        ("/", ""),
        ("fraud", "/fraud"),
        ("fraud/", "/fraud"),
        (" /fraud ", "/fraud"),
        ("/api/fraud/", "/api/fraud"),
        ("/v1.2/~a_b-c/d:e@f+g", "/v1.2/~a_b-c/d:e@f+g"),
    ],
)
def test_the_root_path_begins_with_a_slash_and_ends_with_none(text: str, path: str) -> None:
    assert Settings.from_environ({"ROOT_PATH": text}).root_path == path


def test_choices_are_taken_in_any_case() -> None:
    read = Settings.from_environ(
        {"LOG_LEVEL": "debug", "LOG_FORMAT": "JSON", "SWAGGER_UI_DOC_EXPANSION": "Full"}
    )
    assert (read.LOG_LEVEL, read.LOG_FORMAT, read.SWAGGER_UI_DOC_EXPANSION) == (
        "DEBUG",
        "json",
        "full",
    )


def test_numbers_may_have_spaces_around_and_a_fraction_where_it_makes_sense() -> None:
    read = Settings.from_environ({"WORKERS": " 2 ", "MAX_BATCH_WAIT_MS": "0.5"})
    assert (read.WORKERS, read.MAX_BATCH_WAIT_MS) == (2, 0.5)


@pytest.mark.parametrize("text", ["tcp://10.96.0.12:8888", "udp://10.0.0.1:53"])
@pytest.mark.parametrize("name", ["FLASK_PORT", "METRICS_PORT"])
def test_the_port_that_kubernetes_injects_for_a_service_of_that_name_is_ignored(
    name: str, text: str
) -> None:
    assert Settings.from_environ({name: text}) == Settings()


@pytest.mark.parametrize("environ", [{}, {"FLASK_PORT": "9000"}])
def test_the_metrics_have_another_port(environ: dict[str, str]) -> None:
    port = environ.get("FLASK_PORT", "8888")
    with pytest.raises(SettingError, match=f"METRICS_PORT is {port}, which is FLASK_PORT"):
        Settings.from_environ({**environ, "METRICS_PORT": port})


def test_an_empty_module_name_is_a_value() -> None:
    read = Settings.from_environ({"TRAINED_MODEL_MODULE_NAME": ""})
    assert not read.TRAINED_MODEL_MODULE_NAME


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().WORKERS = 2  # type: ignore[misc]


def test_the_readme_has_the_table_that_the_command_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "app", "settings"],
        cwd=README.parent,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(printed.splitlines()) == 2 + len(dataclasses.fields(Settings))
    assert printed in README.read_text(encoding="utf-8"), "run `make readme`"


def test_the_json_schema_accepts_the_defaults_and_rejects_invalid_values() -> None:
    schema = json.loads(
        subprocess.run(
            [sys.executable, "-m", "app", "settings", "--json-schema"],
            cwd=README.parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    validator = jsonschema.Draft7Validator(schema)
    jsonschema.Draft7Validator.check_schema(schema)
    assert validator.is_valid(dataclasses.asdict(Settings()))
    assert not validator.is_valid({"FLASK_PORT": 0})
    assert not validator.is_valid({"FLASK_PROT": 8888})
    assert not validator.is_valid({"LOG_LEVEL": "LOUD"})


def test_the_environment_is_read_where_a_program_starts_and_nowhere_else() -> None:
    readers = {
        path.relative_to(APP).as_posix()
        for path in APP.rglob("*.py")
        if re.search(r"os\.environ|getenv", path.read_text())
    }
    service = {"config/settings.py", "gunicorn.conf.py", "server/hooks.py"}
    service.add("observability/traces.py")  # OpenTelemetry's own variables
    commands = {"cli/main.py", "cli/server_process.py"}  # which start it
    assert readers == service | commands | {"fetch/__main__.py", "fetch/config.py"}
