"""Settings: every one reaches the process, and one of each type shows in what it does."""

import dataclasses
import json
from typing import Any

import pytest

from app.config.settings import Settings
from e2e.cluster import Namespace
from e2e.pods import eventual_pod, last_words
from e2e.toolbox import Toolbox
from tests.helpers import write_module

MODULE = """
    def sample():
        return {"x": 1.5}

    def run(input_data):
        if "x" not in input_data:
            raise ValueError("x is what it takes")
        return 42 * input_data["x"]

    def run_batch(rows):
        return [run(row) for row in rows]
"""
# No default among these; settings that are not here get another value than their default too.
CHOSEN = {
    "FLASK_HOST": "::",
    "FLASK_PORT": 9999,
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "text",
    "MODEL_DIR": "/mnt/models",
    "MAX_BATCH_WAIT_MS": 1500.5,
    "MAX_CONTENT_LENGTH": 1000,
    "TRAINED_MODEL_MODULE_NAME": "fraud",
}


def changed(field: dataclasses.Field[Any]) -> Any:
    """Return a value that is not the chart's default."""
    default: Any = field.default
    if field.name in CHOSEN:
        return CHOSEN[field.name]
    if field.metadata["choices"]:
        return next(each for each in field.metadata["choices"] if each != default)
    if isinstance(default, bool):
        return not default
    return f"{default}-changed" if isinstance(default, str) else default + 1


CHANGED = {field.name: changed(field) for field in dataclasses.fields(Settings)}


@pytest.fixture(scope="module")
def installed(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    """A namespace with the release `demo`, none of whose settings is the default."""
    folder = tmp_path_factory.mktemp("settings")
    values = folder / "values.json"
    values.write_text(json.dumps({"settings": CHANGED}))
    module = f"model.module={write_module(folder, MODULE, 'fraud')}"
    shared_namespace.install("demo", "--values", values, "--set-file", module)
    return shared_namespace


def test_every_setting_reaches_the_process(installed: Namespace) -> None:
    show = "from app.config.settings import *; print(json.dumps(dataclasses.asdict(Settings.from_environ())))"
    said = installed.kubectl("exec", "deployment/demo-ml-rest-api", "--", "python", "-c", show)
    assert json.loads(said) == CHANGED


def test_a_boolean_shows_in_behaviour(installed: Namespace, toolbox: Toolbox) -> None:
    assert CHANGED["FLASK_DEBUG"]
    assert not CHANGED["RESTX_VALIDATE"]
    answer = toolbox.predict(installed.url("demo"), {})
    assert (answer.status, answer.json) == (500, {"message": "x is what it takes"})


def test_a_whole_number_shows_in_behaviour(installed: Namespace, toolbox: Toolbox) -> None:
    row = {"x": 1, "more": "a" * CHANGED["MAX_CONTENT_LENGTH"]}
    assert toolbox.predict(installed.url("demo"), row).status == 413


def test_a_real_number_shows_in_behaviour(installed: Namespace, toolbox: Toolbox) -> None:
    answer = toolbox.predict(installed.url("demo"), {"x": 2.5})
    assert answer.json == 105.0
    assert answer.seconds >= CHANGED["MAX_BATCH_WAIT_MS"] / 1000


def test_texts_and_choices_show_in_behaviour(installed: Namespace) -> None:
    log = installed.kubectl("logs", "deployment/demo-ml-rest-api")
    assert f"Swagger UI at http://{CHANGED['FLASK_SERVER_NAME']}/api/" in log
    assert "Model 'fraud' is ready" in log
    assert '"message":' not in log


def test_a_value_that_does_not_parse_is_told_in_one_line(namespace: Namespace) -> None:
    wrong = "extraEnv[0].name=LOG_LEVEL,extraEnv[0].value=loud"
    namespace.install("demo", "--set", wrong, wait=False)
    message = last_words(eventual_pod(namespace, "demo", lambda pod: bool(last_words(pod))))
    assert "\n" not in message.strip()
    assert "LOG_LEVEL='loud': expected one of DEBUG, INFO, WARNING, ERROR" in message
