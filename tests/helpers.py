"""Shared helpers: small model modules, the application, and gunicorn as a process."""

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from app.api.application import Application
from app.config.settings import Settings
from app.factory import create_app

ROOT = Path(__file__).resolve().parent.parent
GUNICORN = ("-m", "gunicorn", "--config", "app/gunicorn.conf.py", "app.wsgi:app")

# Six parameters, one of each type; returns its input.
ECHO = """
    def sample():
        return {
            "int_param": 10, "float_param": 1.5, "string_param": "abc", "bool_param": True,
            "datetime_param": "2021-10-26T12:34:56Z", "date_param": "2021-10-26",
        }

    def run(input_data):
        return input_data
"""
VALID = {
    "int_param": 10,
    "float_param": 1.5,
    "string_param": "abc",
    "bool_param": True,
    "datetime_param": "2021-10-26T12:34:56Z",
    "date_param": "2021-10-26",
}
PREDICT = "/api/model/predict"

# A row with an "id" waits until the file "gate" exists in the module's folder.
GATED = """
    import time
    from pathlib import Path

    FOLDER = Path(__file__).parent

    def run(input_data):
        if "id" in input_data:
            (FOLDER / f"started-{input_data['id']}").touch()
            while not (FOLDER / "gate").exists():
                time.sleep(0.01)
        return input_data
"""
# So does init().
GATED_INIT = (
    GATED
    + """
    def init():
        run({"id": "init"})
"""
)
# Fails in the way that the row names.
MISBEHAVING = """
    import os, sys, time

    def run(input_data):
        match input_data["do"]:
            case "exit": sys.exit("bye")
            case "die": os._exit(1)
            case "raise": raise ValueError("two\\nlines")
            case "hang": time.sleep(600)
        return input_data
"""


def write_module(folder: Path, source: str, name: str = "ml_trained_model") -> Path:
    """Write a model module into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.py"
    file.write_text(textwrap.dedent(source))
    return file


def make_app(folder: Path, source: str, **settings: Any) -> Application:
    """Return the application; without MULTITHREADED_INIT its model is loaded or has failed."""
    write_module(folder, source)
    defaults = {"MODEL_DIR": str(folder), "MULTITHREADED_INIT": False, "INIT_RETRIES": 0}
    app = create_app(Settings(**{**defaults, **settings}))
    app.predictor.start()
    return app


def make_client(folder: Path, source: str, **settings: Any) -> FlaskClient:
    """Return a test client of the application that `make_app` returns."""
    return make_app(folder, source, **settings).test_client()


def eventually(condition: Callable[[], Any], within: float = 15.0) -> Any:
    """Return the result of `condition` once it is true; fail if it is not true in time."""
    deadline = time.monotonic() + within
    while True:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout, OSError):
            if result := condition():
                return result
        assert time.monotonic() < deadline, f"the condition was not true within {within} s"
        time.sleep(0.02)


def parse_metrics(text: str) -> dict[tuple[str, ...], float]:
    """Return the samples of a Prometheus text, each keyed by its name and its labels."""
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def free_port() -> int:
    """Return a port that no process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclasses.dataclass
class Server:
    """A running gunicorn process."""

    port: int
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """The log so far."""
        return self.log_file.read_text()

    def get(self, path: str, **options: Any) -> requests.Response:
        """GET a path, on a new connection."""
        return requests.get(self.url + path, timeout=20, **options)

    def predict(self, row: Any, **options: Any) -> requests.Response:
        """POST a row, on a new connection."""
        return requests.post(self.url + PREDICT, json=row, timeout=30, **options)

    def is_ready(self) -> bool:
        """Return whether the readiness probe succeeds."""
        return self.get("/api/readiness").status_code == 200

    def terminate(self, within: float = 20.0) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)


@contextlib.contextmanager
def serving(
    folder: Path, *, wait: bool = True, command: Sequence[str] = GUNICORN, **settings: str
) -> Iterator[Server]:
    """Run gunicorn for the model in `folder`; wait until it is ready if `wait` is true."""
    port = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if name not in _SETTINGS},
        "MODEL_DIR": str(folder),
        "FLASK_HOST": "127.0.0.1",
        "FLASK_PORT": str(port),
        **settings,
    }
    log_file = folder / "server.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environ,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    server = Server(port, process, log_file)
    try:
        if wait:
            eventually(server.is_ready)
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


_SETTINGS = {field.name for field in dataclasses.fields(Settings)}
