"""The end of the process: what runs is finished, callers are told, nothing hangs."""

import signal
import time
from pathlib import Path

import pytest

from tests.helpers import PREDICT, Server, eventually, serving, write_module
from tests.raw_http import LIVENESS, Wire, head, post

# Answers at once, unless told to wait for the gate: a file beside the module.
GATED = """
    import time
    from pathlib import Path

    FOLDER = Path(__file__).parent

    def run(input_data):
        if input_data.get("waits"):
            (FOLDER / "started").touch()
            while not (FOLDER / "gate").exists():
                time.sleep(0.01)
        return input_data
"""
WAITS = {"waits": True}
LOADING = """
    import time
    from pathlib import Path

    def init():
        (Path(__file__).parent / "started").touch()
        time.sleep(60)

    def run(input_data):
        return input_data
"""
READINESS = head("GET", "/api/readiness")


def seconds_to_end(server: Server, within: float = 20.0) -> float:
    """Return how long the process takes to end by itself, as it should: with 0."""
    start = time.monotonic()
    assert server.process.wait(within) == 0
    for word in ("ERROR", "Traceback"):
        assert word not in server.log
    return time.monotonic() - start


def is_draining(server: Server) -> bool:
    answer = server.get("/api/readiness")
    return answer.status_code == 503 and answer.json()["state"] == "draining"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_running_request_is_finished_while_new_callers_are_told_to_go_elsewhere(
    tmp_path: Path, workers: str
) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, WORKERS=workers) as server,
        Wire(server.port, post(b"{}")) as kept_alive,
        Wire(server.port, post(b'{"waits": true}')) as running,
    ):
        assert kept_alive.answer().headers["Connection"] == "keep-alive"
        assert eventually((tmp_path / "started").exists)
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: is_draining(server))
        kept_alive.send(post(b"{}"))
        while kept_alive.answer().headers["Connection"] != "close":
            kept_alive.send(post(b"{}"))  # the other process is told a moment later
        assert kept_alive.ended()
        server.process.send_signal(signal.SIGTERM)  # once more does no harm
        for _ in range(3):
            readiness = server.get("/api/readiness").json()
            assert (readiness["Ready"], readiness["state"]) == (False, "draining")
            assert server.get("/api/liveness").json() == {"Alive": True}
            assert server.predict({"a": 1}).json() == {"a": 1}
        assert server.process.poll() is None
        (tmp_path / "gate").touch()
        answer = running.answer()
        assert (answer.status, answer.json) == (200, WAITS)
        running.close()
        assert seconds_to_end(server) < 5
    assert server.log.count("Stopped") == 1


def test_without_requests_the_process_ends_soon_although_connections_are_open(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        Wire(server.port, LIVENESS) as kept_alive,
        Wire(server.port) as silent,
    ):
        assert kept_alive.answer().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_end(server) < 4
        assert kept_alive.ended()
        assert silent.ended()


def test_a_kept_connection_is_answered_once_more_and_then_closed(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path) as server, Wire(server.port, READINESS) as kept:
        assert kept.answer().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: is_draining(server))
        kept.send(READINESS)
        answer = kept.answer()
        assert (answer.status, answer.headers["Connection"]) == (503, "close")
        assert kept.ended()
        assert seconds_to_end(server) < 4


def test_a_request_that_takes_longer_than_the_graceful_timeout_is_cut(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, GRACEFUL_TIMEOUT="1") as server,
        Wire(server.port, post(b'{"waits": true}')) as running,
    ):
        assert eventually((tmp_path / "started").exists)
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_end(server) < 5
        assert running.ended()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_these_signals_end_the_process_at_once_whatever_runs(tmp_path: Path, number: int) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        Wire(server.port, post(b'{"waits": true}')) as running,
    ):
        assert eventually((tmp_path / "started").exists)
        server.process.send_signal(number)
        assert seconds_to_end(server) < 3
        assert running.ended()


@pytest.mark.parametrize("in_thread", ["True", "False"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loading_model_does_not_hold_the_end_up(
    tmp_path: Path, in_thread: str, number: int
) -> None:
    write_module(tmp_path, LOADING)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=in_thread) as server:
        assert eventually((tmp_path / "started").exists)
        server.process.send_signal(number)
        assert seconds_to_end(server) < 4


def test_the_end_may_come_before_the_application_is_imported(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, wait=False) as server:
        assert eventually(lambda: "Listening" in server.log)
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_end(server) < 5


def test_a_stalled_upload_does_not_hold_the_end_up_for_long(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        Wire(server.port, post(b"{}")[:-1]) as upload,
        Wire(server.port, LIVENESS[:-2]) as stalled,
        Wire(server.port, head("POST", PREDICT)) as empty,
    ):
        assert empty.answer().status == 415
        server.process.send_signal(signal.SIGTERM)
        for wire in (upload, stalled):
            assert wire.answer().status == 408
            wire.close()
        assert seconds_to_end(server) < 4
