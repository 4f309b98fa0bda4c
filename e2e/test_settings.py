"""Every setting reaches the process, and one of each type changes the behaviour."""

import dataclasses
import hashlib
import json
from textwrap import dedent
from typing import Any

import pytest

from app.config.settings import Settings
from e2e.cluster import Namespace
from e2e.pods import termination_message, wait_for_pod
from e2e.toolbox import Toolbox
from tests.helpers import write_module

MODULE = """
    def sample():
        return {"x": 1.5}

    def run(input_data):
        if "x" not in input_data:
            raise ValueError("x is required")
        return 42 * input_data["x"]

    def run_batch(rows):
        return [run(row) for row in rows]
"""
# Values other than the defaults; `changed` computes values for the other settings.
CHOSEN = {
    "FLASK_HOST": "::",
    "FLASK_PORT": 9999,
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "text",
    "METRICS_PORT": 9998,
    "MODEL_DIR": "/mnt/models",
    "MAX_BATCH_WAIT_MS": 1500.5,
    "MAX_CONTENT_LENGTH": 1000,
    "MODEL_CHECKSUMS": f"{hashlib.sha256(dedent(MODULE).encode()).hexdigest()}  fraud.py",
    "PICKLE_ALLOWED": "fraud.Cleaner,scikit-learn",
    "PREDICT_TIMEOUT": 30.5,
    "PROTOCOLS": "v2",
    "ROOT_PATH": "/prefixed",
    "TRAINED_MODEL_MODULE_NAME": "fraud",
}


def changed(field: dataclasses.Field[Any]) -> Any:
    """Return a value other than the chart's default."""
    default: Any = field.default
    if field.name in CHOSEN:
        return CHOSEN[field.name]
    if choices := field.metadata.get("choices"):
        return next(each for each in choices if each != default)
    if isinstance(default, bool):
        return not default
    return f"{default}-changed" if isinstance(default, str) else default + 1


CHANGED = {field.name: changed(field) for field in dataclasses.fields(Settings)}


@pytest.fixture(scope="module")
def installed(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    """A namespace with the release `demo`, in which every setting is changed."""
    folder = tmp_path_factory.mktemp("settings")
    values = folder / "values.json"
    values.write_text(json.dumps({"settings": CHANGED}))
    module = f"model.module={write_module(folder, MODULE, 'fraud')}"
    shared_namespace.install("demo", "--values", values, "--set-file", module)
    return shared_namespace


def test_every_setting_reaches_the_process(installed: Namespace) -> None:
    show = (
        "import dataclasses, json; from app.config.settings import Settings; "
        "print(json.dumps(dataclasses.asdict(Settings.from_environ())))"
    )
    output = installed.kubectl("exec", "deployment/demo-ml-rest-api", "--", "python", "-c", show)
    assert json.loads(output) == CHANGED


def test_boolean_setting_takes_effect(installed: Namespace, toolbox: Toolbox) -> None:
    assert CHANGED["FLASK_DEBUG"]
    assert not CHANGED["RESTX_VALIDATE"]
    response = toolbox.predict(installed.url("demo"), {})
    assert (response.status, response.json) == (500, {"message": "ValueError: x is required"})


def test_integer_setting_takes_effect(installed: Namespace, toolbox: Toolbox) -> None:
    row = {"x": 1, "more": "a" * CHANGED["MAX_CONTENT_LENGTH"]}
    assert toolbox.predict(installed.url("demo"), row).status == 413


def test_float_setting_takes_effect(installed: Namespace, toolbox: Toolbox) -> None:
    response = toolbox.predict(installed.url("demo"), {"x": 2.5})
    assert response.json == 105.0
    assert response.seconds >= CHANGED["MAX_BATCH_WAIT_MS"] / 1000


def test_string_and_choice_settings_take_effect(installed: Namespace) -> None:
    log = installed.kubectl("logs", "deployment/demo-ml-rest-api")
    page = f"http://{CHANGED['FLASK_SERVER_NAME']}{CHANGED['ROOT_PATH']}/api/"
    assert f"Swagger UI at {page}" in log
    assert "Model 'fraud' is ready" in log
    assert '"message":' not in log


def test_invalid_value_is_reported_in_one_line(namespace: Namespace) -> None:
    wrong = "extraEnv[0].name=LOG_LEVEL,extraEnv[0].value=loud"
    namespace.install("demo", "--set", wrong, wait=False)
    message = termination_message(
        wait_for_pod(namespace, "demo", lambda pod: bool(termination_message(pod)))
    )
    assert "\n" not in message.strip()
    assert "LOG_LEVEL='loud': expected one of DEBUG, INFO, WARNING, ERROR" in message
