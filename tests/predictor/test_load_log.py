"""What the log has of a load: its parameters, and why it failed."""

import logging
from pathlib import Path

import pytest

from tests.helpers import write_module
from tests.predictor.test_predictor import RUN, loaded

TRANSIENT = f"""
import scaling
def sample(): return {{"docks": 24, "temperature": 21.5, "note": None}}
def init(): scaling.fetch()
{RUN}"""
SCALING = """
import json
def fetch():
    try:
        json.loads("{")
    except ValueError as error:
        raise OSError("no storage") from error
"""


def messages(caplog: pytest.LogCaptureFixture, start: str) -> list[str]:
    return [record.message for record in caplog.records if record.message.startswith(start)]


def test_the_traceback_of_a_failed_load_has_the_users_frames_and_the_last_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_module(tmp_path, SCALING, "scaling")
    loaded(tmp_path, TRANSIENT)
    files = [
        line.partition('"')[2].partition('"')[0]
        for line in caplog.text.splitlines()
        if line.startswith("  File ")
    ]
    assert [Path(file).name for file in files] == [
        "scaling.py", "decoder.py",  # of the cause
        "ml_trained_model.py", "scaling.py",
    ]  # fmt: skip
    assert "direct cause" in caplog.text


def test_a_failure_that_a_retry_repeats_is_a_line_without_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write_module(tmp_path, SCALING, "scaling")
    loaded(tmp_path, TRANSIENT, INIT_RETRIES=1)
    failures = [record for record in caplog.records if record.message.startswith("Model failed")]
    assert len(failures) == 2
    assert failures[0].message == failures[1].message
    assert [record.exc_info is not None for record in failures] == [True, False]


def test_another_failure_of_a_retry_has_its_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = f"""
from pathlib import Path
def init():
    count = Path(__file__).with_name("count")
    count.write_text(count.read_text() + "x" if count.exists() else "")
    raise OSError(count.read_text())
{RUN}"""
    loaded(tmp_path, source, INIT_RETRIES=1)
    failures = [record for record in caplog.records if record.message.startswith("Model failed")]
    assert [record.exc_info is not None for record in failures] == [True, True]


def test_the_traceback_of_a_syntax_error_shows_the_line_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    loaded(tmp_path, "def run(:\n")
    assert "    def run(:" in caplog.text
    assert "module.py" not in caplog.text


def test_the_parameters_are_logged_once_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    write_module(tmp_path, SCALING, "scaling")
    loaded(tmp_path, TRANSIENT, INIT_RETRIES=1)
    (line,) = messages(caplog, "Parameters")
    types, _, hint = line.partition("; ")
    assert types == "Parameters: docks (integer), temperature (number), note (any, optional)"
    assert hint == "99.5 is rejected for an integer: to accept it, write 24.0 in sample(), not 24"
    assert caplog.records[0].message.startswith("Parameters: ")


def test_a_model_without_a_sample_takes_any_object(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loaded(tmp_path, RUN)
    assert messages(caplog, "Parameters") == ["Parameters: any JSON object"]
