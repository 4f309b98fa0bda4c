"""Processes as the commands start them: settings, logs, reloading, models that want to end them."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import requests

from app.config.settings import Settings
from tests.helpers import (
    ECHO,
    GUNICORN,
    PREDICT,
    ROOT,
    VALID,
    Server,
    eventually,
    serving,
    write_module,
)
from tests.raw_http import Wire, check_refusal, post

DEVELOPMENT = ("-m", "app")

# Does what its input says.
OBEDIENT = """
    import os, sys, time

    def run(input_data):
        match input_data["do"]:
            case "exit": sys.exit("bye")
            case "die": os._exit(1)
            case "raise": raise ValueError("two\\nlines")
            case "hang": time.sleep(600)
        return input_data
"""


def start_in_vain(
    command: Sequence[str], environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Return what becomes of a process that should end by itself."""
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
def test_a_wrong_setting_ends_the_process_with_one_line(
    command: Sequence[str], name: str, value: str, expected: str
) -> None:
    ended = start_in_vain(command, {name: value})
    assert ended.returncode not in (0, None)
    assert ended.stdout == ""
    assert re.fullmatch(
        rf"ml-rest-api: {name}='{value}': expected {re.escape(expected)}.*\n", ended.stderr
    )


def test_an_address_that_kubernetes_injects_is_no_port() -> None:
    assert Settings.from_environ({"FLASK_PORT": "tcp://10.0.0.1:8888"}).FLASK_PORT == 8888


def test_a_port_in_use_ends_the_process_with_one_line(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        ended = start_in_vain(
            GUNICORN, {"FLASK_HOST": "127.0.0.1", "FLASK_PORT": port, "MODEL_DIR": str(tmp_path)}
        )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "in use" in ended.stderr
    assert port in ended.stderr
    assert "FLASK_PORT" in ended.stderr


@pytest.mark.parametrize("in_thread", [True, False])
def test_the_port_is_open_before_the_model_is_loaded_only_with_multithreaded_init(
    tmp_path: Path,
    in_thread: bool,
) -> None:
    write_module(
        tmp_path,
        """
        import time
        from pathlib import Path

        FOLDER = Path(__file__).parent

        def init():
            (FOLDER / "started").touch()
            while not (FOLDER / "gate").exists():
                time.sleep(0.01)

        def run(input_data):
            return input_data
        """,
    )
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=str(in_thread)) as server:
        assert eventually((tmp_path / "started").exists)
        if in_thread:
            assert eventually(lambda: server.get("/api/liveness").json() == {"Alive": True})
            assert server.get("/api/readiness").json()["state"] == "loading"
        else:
            with pytest.raises(requests.ConnectionError):
                server.get("/api/liveness")
        (tmp_path / "gate").touch()
        assert eventually(server.is_ready)
        for said in ("Listening on", "is ready"):
            assert server.log.count(said) == 1


def test_every_line_of_a_json_log_is_an_object(tmp_path: Path) -> None:
    write_module(tmp_path, OBEDIENT)
    with serving(tmp_path, LOG_FORMAT="json", LOG_LEVEL="DEBUG") as server:
        assert server.predict({"do": "raise"}).status_code == 500
        with Wire(server.port, b"nonsense\r\n\r\n") as wire:
            check_refusal(wire.answer(), 400)
        with pytest.raises(requests.ConnectionError):
            server.predict({"do": "die"})
        assert eventually(server.is_ready)
        assert server.terminate() == 0
        entries = [json.loads(line) for line in server.log.splitlines()]
    assert all({"time", "level", "message"} <= set(entry) for entry in entries)
    raised = [entry for entry in entries if "ValueError: two\nlines" in entry.get("exception", "")]
    assert len(raised) == 1
    assert raised[0]["exception"].startswith("Traceback")


def use(server: Server, marker: str) -> None:
    """Send the marker in every way that an input can go."""
    for row in ({**VALID, "string_param": marker}, {**VALID, "int_param": marker}, [marker]):
        server.predict(row)
    for sent in (post(b'{"a": "%s' % marker.encode()), post(marker.encode(), path="/api/nothing")):
        with Wire(server.port, sent) as wire:
            wire.answer()


@pytest.mark.parametrize("level", ["WARNING", "DEBUG"])
def test_a_log_is_as_quiet_as_asked_and_never_holds_inputs(tmp_path: Path, level: str) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, LOG_LEVEL=level) as server:
        use(server, "only-for-the-model")
        assert server.terminate() == 0
        assert "only-for-the-model" not in server.log
        if level == "WARNING":
            assert server.log == ""
        else:
            assert server.log.count(f'"POST {PREDICT} HTTP/1.1" 400') == 3


def save(file: Path, text: str) -> None:
    """Save a change, and again after some seconds: before its first look nothing is one."""
    if file.read_text() != text or time.time() - file.stat().st_mtime > 3:
        file.write_text(text)


def test_the_development_server_follows_the_module_into_an_error_and_out(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    file = write_module(folder, "def run(input_data): return 1")

    def predicts(number: int) -> bool:
        save(file, f"def run(input_data): return {number}")
        return bool(server.predict({}).json() == number)

    def reason() -> str:
        save(file, "def run(input_data) return 3")
        return server.get("/api/readiness").json().get("reason") or ""

    with serving(tmp_path, command=DEVELOPMENT, MODEL_DIR=str(folder)) as server:
        assert server.predict({}).json() == 1
        eventually(lambda: predicts(2))
        assert "ml_trained_model.py, line 1: SyntaxError" in eventually(reason)
        eventually(lambda: predicts(4))
        assert server.terminate() == 0


def test_the_development_server_follows_the_service_itself(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    app = tmp_path / "app"
    shutil.copytree(ROOT / "app", app, ignore=shutil.ignore_patterns("__pycache__"))
    package = app / "__init__.py"
    changed = package.read_text().replace("1.0.0", "99.0.0")

    def version() -> str:
        save(package, changed)
        return str(server.get("/api/swagger.json").json()["info"]["version"])

    with serving(tmp_path, command=[str(app / "__main__.py")]) as server:
        eventually(lambda: version() == "99.0.0")


@pytest.mark.parametrize(
    "source",
    ["import sys\nsys.exit(3)", "def init(): raise SystemExit\ndef run(x): return x",
     "def sample(): raise KeyboardInterrupt\ndef run(x): return x"],
)  # fmt: skip
@pytest.mark.parametrize("in_thread", ["True", "False"])
def test_a_module_that_exits_has_failed_to_load_and_the_service_lives(
    tmp_path: Path, source: str, in_thread: str
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=in_thread, INIT_RETRIES="0") as server:
        assert eventually(lambda: server.get("/api/readiness").json()["state"] == "failed")
        assert server.get("/api/liveness").status_code == 200
        assert server.log.count("Model failed to load") == 1
