"""Overload: excess predictions are rejected at once, and probes still succeed."""

import contextlib
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from app.server.refusals import Refusals
from tests.helpers import (
    ECHO,
    GATED,
    GATED_INIT,
    GUNICORN,
    PREDICT,
    VALID,
    Server,
    eventually,
    serving,
    write_module,
)
from tests.raw_http import LIVENESS, RawConnection, check_error_response, head, post

BATCHED = """
    def run_batch(rows):
        return [run(row) for row in rows]
"""


@pytest.fixture
def calls() -> Iterator[ThreadPoolExecutor]:
    """Threads to send requests from."""
    with ThreadPoolExecutor(64) as pool:
        yield pool


def check_probes(server: Server) -> None:
    for path in ("/api/liveness", "/api/readiness"):
        response = server.get(path)
        assert response.status_code == 200
        assert response.elapsed.total_seconds() < 1


@pytest.mark.parametrize(
    ("limit", "threads", "module"), [(8, 2, GATED), (8, 2, GATED + BATCHED), (1, 4, GATED)]
)
def test_predictions_beyond_the_limit_are_rejected_at_once_and_the_others_succeed(
    tmp_path: Path, calls: ThreadPoolExecutor, limit: int, threads: int, module: str
) -> None:
    write_module(tmp_path, module)
    with serving(tmp_path, MAX_PENDING=str(limit), THREADS=str(threads)) as server:
        responses = [calls.submit(server.predict, {"id": i}) for i in range(limit + 5)]
        try:
            for _, done in zip(range(5), as_completed(responses), strict=False):
                response = done.result()
                assert response.status_code == 503
                assert response.json() == {"message": "Server Busy"}
                assert int(response.headers["Retry-After"]) > 0
            rejected = [server.predict({"id": 99}) for _ in range(3)]
            assert min(response.elapsed.total_seconds() for response in rejected) < 0.5
            for _ in range(10):
                check_probes(server)
        finally:
            (tmp_path / "gate").touch()
        statuses = [response.result().status_code for response in responses]
        assert sorted(statuses) == [200] * limit + [503] * 5
        assert server.predict({"id": 100}).json() == {"id": 100}


def test_a_rejected_prediction_leaves_its_connection_open(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, MAX_PENDING="1") as server,
        RawConnection(server.port, post(b'{"id": 1}')) as first,
    ):
        assert eventually((tmp_path / "started-1").exists)
        with RawConnection(server.port, post(b'{"id": 2}')) as second:
            check_error_response(second.read_response(), 503)
            (tmp_path / "gate").touch()
            assert first.read_response().json == {"id": 1}
            second.send(post(b'{"id": 3}'))
            assert second.read_response().json == {"id": 3}


def test_slow_uploads_take_no_place_and_do_not_delay_probes(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    (tmp_path / "gate").touch()
    with serving(tmp_path, MAX_PENDING="1") as server:
        slow = [RawConnection(server.port, post(b'{"id": 1}')[:-1]) for _ in range(40)]
        for _ in range(5):
            assert server.predict({"id": 2}).status_code == 200
        check_probes(server)
        for connection in slow:
            connection.send(b"}")
            assert connection.read_response().json == {"id": 1}
            connection.close()


def test_a_not_ready_response_does_not_wait_for_the_body(tmp_path: Path) -> None:
    write_module(tmp_path, GATED_INIT)
    with serving(tmp_path, wait=False) as server:
        assert eventually((tmp_path / "started-init").exists)
        assert eventually(lambda: server.get("/api/liveness"))
        only_head = head("POST", PREDICT, "Content-Type: application/json", "Content-Length: 9")
        for sent in (post(b'{"id": 1}'), only_head):
            with RawConnection(server.port, sent) as connection:
                response = connection.read_response()
                check_error_response(response, 503)
                assert response.json == {"message": "Server Not Ready"}
                assert int(response.headers["Retry-After"]) > 0
        (tmp_path / "gate").touch()
        assert eventually(server.is_ready)


LIMITED = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (600, 600)); "
EXEC = f"os.execv(sys.executable, [sys.executable, *{GUNICORN!r}])"


def test_a_low_limit_of_open_files_is_logged_at_the_start(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, command=("-c", LIMITED + EXEC)) as server:
        assert "The limit of open files, 600, allows 400 connections, not 10000" in server.log


def test_idle_connections_stay_open_and_do_not_hold_up_others(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 12_000), hard))
    count = min(hard - 1000, 9_900)  # at 10,000 a new connection ends the oldest idle one
    write_module(tmp_path, ECHO)
    try:
        with serving(tmp_path) as server, contextlib.ExitStack() as stack:
            idle = [stack.enter_context(RawConnection(server.port)) for _ in range(count)]
            for connection in idle[:: count // 50]:
                connection.send(LIVENESS)
                assert connection.read_response().json == {"Alive": True}
            check_probes(server)
            assert server.predict(VALID).json() == VALID
            assert "limit of open files" not in server.log
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("sent", [b"", LIVENESS[:-2], LIVENESS])
def test_connections_beyond_the_file_descriptors_do_not_block_new_clients(
    tmp_path: Path, sent: bytes
) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server, contextlib.ExitStack() as stack:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        resource.prlimit(int(children.read_text()), resource.RLIMIT_NOFILE, (128, 128))
        for _ in range(300):
            stack.enter_context(RawConnection(server.port, sent))
        for _ in range(5):
            check_probes(server)
            assert server.predict(VALID).json() == VALID
        assert server.log.count("is ready") == 1, "the worker was replaced"
        assert "ERROR" not in server.log


def test_refusals_are_spread_over_time_where_they_are_many(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, MAX_PENDING="1") as server, RawConnection(server.port) as busy:
        busy.send(post(b'{"id": 1}'))
        eventually((tmp_path / "started-1").exists)
        with RawConnection(server.port) as connection, RawConnection(server.port) as other:
            start = time.monotonic()
            connection.send(post(b"{}") * 400)
            connection.read_response()
            other.send(LIVENESS)
            assert other.read_response().status == 200
            assert {connection.read_response().status for _ in range(399)} == {503}
            assert time.monotonic() - start > 0.5
        (tmp_path / "gate").touch()
        assert busy.read_response().status == 200


@pytest.mark.parametrize(("per_second", "longest"), [(400, 0.0), (5000, 1.0)])
def test_a_refusal_waits_for_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch, per_second: int, longest: float
) -> None:
    now = 1000.0
    monkeypatch.setattr("app.server.refusals.time.monotonic", lambda: now)
    refusals, delays = Refusals(), []
    for _ in range(5 * per_second):
        delays.append(refusals.delay())
        now += 1 / per_second
    assert delays[:100] == [0.0] * 100
    assert max(delays) == pytest.approx(longest)
