import contextvars
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.observability.logs import JsonFormatter, TextFormatter
from app.observability.request_ids import current_request_ids
from tests.helpers import ROOT, eventually, serving, write_module


def format_for(ids: tuple[str, ...], formatter: logging.Formatter, made: logging.LogRecord) -> str:
    """Format a record in a thread that works for `ids`."""
    context = contextvars.copy_context()
    context.run(current_request_ids.set, ids)
    return context.run(formatter.format, made)


def record(message: str, *arguments: object, error: Exception | None = None) -> logging.LogRecord:
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("app.x", logging.INFO, "", 1, message, arguments, exc_info)
    made.created = 1_700_000_000.25
    return made


@pytest.mark.parametrize(
    ("ids", "end"),
    [((), ""), (("a",), " [a]"), (("a", "b"), " [a, b]")],
)
def test_a_text_line_ends_with_the_ids_of_what_it_is_written_for(
    ids: tuple[str, ...], end: str
) -> None:
    line = format_for(ids, TextFormatter(), record("%d rows", 2))
    assert line == f"2023-11-14T22:13:20.250Z INFO    2 rows{end}"
    with_error = format_for(ids, TextFormatter(), record("why", error=ValueError("x")))
    assert with_error.endswith(f"why{end}\nValueError: x")


@pytest.mark.parametrize(
    ("ids", "expected"),
    [((), {}), (("a",), {"request_id": "a"}), (("a", "b"), {"request_id": ["a", "b"]})],
)
def test_a_json_line_has_the_ids_of_what_it_is_written_for(
    ids: tuple[str, ...], expected: dict[str, Any]
) -> None:
    made = record("%s\n%s", "é", 2)
    line = format_for(ids, JsonFormatter(), made)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "INFO",
        "logger": "app.x",
        "process": made.process,
        "message": "é\n2",
        **expected,
    }
    with_error = format_for(ids, JsonFormatter(), record("why", error=ValueError("x")))
    assert json.loads(with_error)["exception"] == "ValueError: x"


def test_a_text_that_utf_8_cannot_encode_is_a_json_line_too() -> None:
    line = JsonFormatter().format(record("%s", "\ud800 é", error=ValueError("\ud800")))
    assert line.isascii()
    assert json.loads(line)["message"] == "\ud800 é"
    assert json.loads(line)["exception"] == "ValueError: \ud800"


LOGGING = """
    import logging
    log = logging.getLogger("of.the.model")

    def run(input_data):
        log.warning("one")
        if input_data.get("fail"): raise ValueError
        return 1

    def run_batch(rows):
        log.warning("several")
        return [1 for _ in rows]
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_lines_of_the_models_own_loggers_carry_the_requests_id(
    tmp_path: Path, log_format: str
) -> None:
    write_module(tmp_path, LOGGING)
    with serving(tmp_path, LOG_FORMAT=log_format) as server:
        server.predict({"fail": True}, headers={"X-Request-Id": "mine"})
        lines = eventually(lambda: [line for line in server.log.splitlines() if "mine" in line])
    if log_format == "json":
        entries = [json.loads(line) for line in lines]
        assert all(entry["request_id"] == "mine" for entry in entries)
        assert entries[0]["logger"] == "of.the.model"
        assert "Traceback" in entries[1]["exception"]
    else:
        assert lines[0].endswith("WARNING one [mine]")
    assert len(lines) == 3, "the model's, the failure and the access log's"


# Both disable every logger that they do not name.
SILENCING = {
    "dictConfig": "logging.config.dictConfig({'version': 1})",
    "fileConfig": """logging.config.fileConfig(io.StringIO(
        '[loggers]\\nkeys=root\\n[handlers]\\nkeys=\\n[formatters]\\nkeys=\\n'
        '[logger_root]\\nlevel=ERROR\\nhandlers=\\n'))""",
}
LOAD = """
import logging, sys
from app.config.settings import Settings
from app.observability import logs
from app.predictor.predictor import Predictor
logs.configure(Settings(LOG_LEVEL="INFO"))
another = logging.getLogger("another")
Predictor(Settings(MODEL_DIR=sys.argv[1], INIT_RETRIES=0)).load()
logging.getLogger("gunicorn.error").warning("of gunicorn")
logging.getLogger("py.warnings").warning("of Python")
another.error("from another")
"""


def load_and_log(folder: Path, source: str) -> str:
    """Load a model in another process, log lines of several loggers, and return the log."""
    write_module(folder, f"import io, logging.config\n{source}\ndef run(input_data): return 1\n")
    command = [sys.executable, "-c", LOAD, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stderr


@pytest.mark.parametrize("call", SILENCING)
def test_a_failed_load_is_logged_though_the_model_has_silenced_other_loggers(
    tmp_path: Path, call: str
) -> None:
    log = load_and_log(tmp_path, f"{SILENCING[call]}\nraise ValueError('why')")
    assert "ERROR   Model failed to load: import failed" in log
    assert "Giving up after 1 attempt" in log
    assert "WARNING of gunicorn" in log
    assert "from another" not in log, "the model's own choice"


@pytest.mark.parametrize("call", SILENCING)
def test_a_load_is_logged_though_the_model_has_silenced_other_loggers(
    tmp_path: Path, call: str
) -> None:
    log = load_and_log(tmp_path, SILENCING[call])
    assert "INFO    Model loaded in " in log
    assert "INFO    Model 'ml_trained_model' is ready" in log


@pytest.mark.parametrize("call", SILENCING)
def test_warnings_are_logged_though_the_model_has_silenced_other_loggers(
    tmp_path: Path, call: str
) -> None:
    assert "WARNING of Python" in load_and_log(tmp_path, SILENCING[call])
