"""The processes that the commands start: settings, logs, modules that exit."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import requests

from app.config.settings import Settings
from tests.helpers import (
    ECHO,
    GATED_INIT,
    GUNICORN,
    MISBEHAVING,
    PREDICT,
    ROOT,
    VALID,
    Server,
    eventually,
    serving,
    write_module,
)
from tests.raw_http import RawConnection, check_error_response, post

DEVELOPMENT = ("-m", "app")


def run_until_exit(
    command: Sequence[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a process that is expected to exit by itself."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize("command", [GUNICORN, DEVELOPMENT])
@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("FLASK_PORT", "eighty", "a whole number from 1 to 65535"),
        ("MAX_PENDING", "0", "a whole number from 1 to 10000"),
        ("FLASK_DEBUG", "maybe", "true or false"),
        ("LOG_FORMAT", "xml", "one of json, text"),
    ],
)
def test_an_invalid_setting_stops_the_process_with_one_line(
    command: Sequence[str], name: str, value: str, expected: str
) -> None:
    process = run_until_exit(command, {name: value})
    assert process.returncode not in (0, None)
    assert process.stdout == ""
    assert re.fullmatch(
        rf"ml-rest-api: {name}='{value}': expected {re.escape(expected)}.*\n", process.stderr
    )


def test_an_address_injected_by_kubernetes_is_ignored_as_a_port() -> None:
    assert Settings.from_environ({"FLASK_PORT": "tcp://10.0.0.1:8888"}).FLASK_PORT == 8888


def test_a_port_in_use_stops_the_process_with_one_line(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        process = run_until_exit(
            GUNICORN, {"FLASK_HOST": "127.0.0.1", "FLASK_PORT": port, "MODEL_DIR": str(tmp_path)}
        )
    assert process.returncode == 1
    assert len(process.stderr.splitlines()) == 1
    assert "in use" in process.stderr
    assert port in process.stderr
    assert "FLASK_PORT" in process.stderr


@pytest.mark.parametrize("in_thread", [True, False])
def test_the_port_opens_before_the_model_is_loaded_only_with_multithreaded_init(
    tmp_path: Path,
    in_thread: bool,
) -> None:
    write_module(tmp_path, GATED_INIT)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=str(in_thread)) as server:
        assert eventually((tmp_path / "started-init").exists)
        if in_thread:
            assert eventually(lambda: server.get("/api/liveness").json() == {"Alive": True})
            assert server.get("/api/readiness").json()["state"] == "loading"
        else:
            with pytest.raises(requests.ConnectionError):
                server.get("/api/liveness")
        (tmp_path / "gate").touch()
        assert eventually(server.is_ready)
        for text in ("Listening on", "is ready"):
            assert server.log.count(text) == 1


def test_every_line_of_a_json_log_is_an_object(tmp_path: Path) -> None:
    write_module(tmp_path, MISBEHAVING)
    with serving(tmp_path, LOG_FORMAT="json", LOG_LEVEL="DEBUG") as server:
        assert server.predict({"do": "raise"}).status_code == 500
        with RawConnection(server.port, b"nonsense\r\n\r\n") as connection:
            check_error_response(connection.read_response(), 400)
        with pytest.raises(requests.ConnectionError):
            server.predict({"do": "die"})
        assert eventually(server.is_ready)
        assert server.terminate() == 0
        entries = [json.loads(line) for line in server.log.splitlines()]
    assert all({"time", "level", "message"} <= set(entry) for entry in entries)
    raised = [entry for entry in entries if "ValueError: two\nlines" in entry.get("exception", "")]
    assert len(raised) == 1
    assert raised[0]["exception"].startswith("Traceback")


def send_everywhere(server: Server, marker: str) -> None:
    """Send `marker` in every kind of input."""
    for row in ({**VALID, "string_param": marker}, {**VALID, "int_param": marker}, [marker]):
        server.predict(row)
    for sent in (post(b'{"a": "%s' % marker.encode()), post(marker.encode(), path="/api/nothing")):
        with RawConnection(server.port, sent) as connection:
            connection.read_response()


@pytest.mark.parametrize("level", ["WARNING", "INFO", "DEBUG"])
def test_the_log_respects_its_level_and_never_contains_inputs(tmp_path: Path, level: str) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, LOG_LEVEL=level) as server:
        send_everywhere(server, "only-for-the-model")
        assert server.terminate() == 0
        assert "only-for-the-model" not in server.log
        if level == "WARNING":
            assert server.log == ""
        else:
            assert server.log.count(f"POST {PREDICT} 400 ") == 3


@pytest.mark.parametrize(
    "source",
    ["import sys\nsys.exit(3)", "def init(): raise SystemExit\ndef run(x): return x",
     "def sample(): raise KeyboardInterrupt\ndef run(x): return x"],
)  # fmt: skip
@pytest.mark.parametrize("in_thread", ["True", "False"])
def test_a_module_that_exits_fails_to_load_and_the_service_stays_alive(
    tmp_path: Path, source: str, in_thread: str
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=in_thread, INIT_RETRIES="0") as server:
        assert eventually(lambda: server.get("/api/readiness").json()["state"] == "failed")
        assert server.get("/api/liveness").status_code == 200
        assert server.log.count("Model failed to load") == 1
