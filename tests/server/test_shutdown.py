"""Shutdown: running requests are completed, readiness turns false, nothing hangs."""

import signal
import time
from pathlib import Path

import pytest

from tests.helpers import GATED, PREDICT, Server, eventually, serving, write_module
from tests.raw_http import LIVENESS, RawConnection, head, post

WAITING = b'{"id": 1}'
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


def seconds_to_exit(server: Server, within: float = 20.0) -> float:
    """Wait until the process exits with 0; return how long that took."""
    start = time.monotonic()
    assert server.process.wait(within) == 0
    for text in ("ERROR", "Traceback"):
        assert text not in server.log
    return time.monotonic() - start


def is_draining(server: Server) -> bool:
    response = server.get("/api/readiness")
    return response.status_code == 503 and response.json()["state"] == "draining"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_running_request_is_completed_while_readiness_is_false(
    tmp_path: Path, workers: str
) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, WORKERS=workers, THREADS="2") as server,
        RawConnection(server.port, post(b"{}")) as kept_alive,
        RawConnection(server.port, post(WAITING)) as running,
    ):
        assert kept_alive.read_response().headers["Connection"] == "keep-alive"
        assert eventually((tmp_path / "started-1").exists)
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: is_draining(server))
        kept_alive.send(post(b"{}"))
        while kept_alive.read_response().headers["Connection"] != "close":
            kept_alive.send(post(b"{}"))  # the other worker drains a moment later
        assert kept_alive.is_closed_by_server()
        server.process.send_signal(signal.SIGTERM)  # a second SIGTERM changes nothing
        for _ in range(3):
            readiness = server.get("/api/readiness").json()
            assert (readiness["Ready"], readiness["state"]) == (False, "draining")
            assert server.get("/api/liveness").json() == {"Alive": True}
            assert server.predict({"a": 1}).json() == {"a": 1}
        assert server.process.poll() is None
        (tmp_path / "gate").touch()
        response = running.read_response()
        assert (response.status, response.json) == (200, {"id": 1})
        running.close()
        assert seconds_to_exit(server) < 5
    assert server.log.count("Stopped") == 1


def test_open_connections_without_requests_do_not_delay_the_exit(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        RawConnection(server.port, LIVENESS) as kept_alive,
        RawConnection(server.port) as silent,
    ):
        assert kept_alive.read_response().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_exit(server) < 4
        assert kept_alive.is_closed_by_server()
        assert silent.is_closed_by_server()


def test_a_kept_alive_connection_gets_one_more_response_and_is_closed(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path) as server, RawConnection(server.port, READINESS) as kept:
        assert kept.read_response().status == 200
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: is_draining(server))
        kept.send(READINESS)
        response = kept.read_response()
        assert (response.status, response.headers["Connection"]) == (503, "close")
        assert kept.is_closed_by_server()
        assert seconds_to_exit(server) < 4


def test_a_request_is_aborted_after_the_graceful_timeout(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, GRACEFUL_TIMEOUT="1") as server,
        RawConnection(server.port, post(WAITING)) as running,
    ):
        assert eventually((tmp_path / "started-1").exists)
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_exit(server) < 5
        assert running.is_closed_by_server()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_sigint_and_sigquit_stop_the_process_at_once(tmp_path: Path, number: int) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        RawConnection(server.port, post(WAITING)) as running,
    ):
        assert eventually((tmp_path / "started-1").exists)
        server.process.send_signal(number)
        assert seconds_to_exit(server) < 3
        assert running.is_closed_by_server()


@pytest.mark.parametrize("in_thread", ["True", "False"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_loading_model_does_not_delay_the_exit(
    tmp_path: Path, in_thread: str, number: int
) -> None:
    write_module(tmp_path, LOADING)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT=in_thread) as server:
        assert eventually((tmp_path / "started").exists)
        server.process.send_signal(number)
        assert seconds_to_exit(server) < 4


def test_sigterm_may_arrive_before_the_application_is_imported(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, wait=False) as server:
        assert eventually(lambda: "Listening" in server.log)
        server.process.send_signal(signal.SIGTERM)
        assert seconds_to_exit(server) < 5


def test_stalled_requests_do_not_delay_the_exit_for_long(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path) as server,
        RawConnection(server.port, post(b"{}")[:-1]) as upload,
        RawConnection(server.port, LIVENESS[:-2]) as stalled,
        RawConnection(server.port, head("POST", PREDICT)) as empty,
    ):
        assert empty.read_response().status == 415
        server.process.send_signal(signal.SIGTERM)
        for connection in (upload, stalled):
            assert connection.read_response().status == 408
            connection.close()
        assert seconds_to_exit(server) < 4
