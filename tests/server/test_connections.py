"""Connections, and clients that stall, disconnect or pipeline, against gunicorn."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from tests.helpers import PREDICT, Server, eventually, serving, write_module
from tests.raw_http import (
    LIVENESS,
    RawConnection,
    check_error_response,
    head,
    post,
    post_chunked,
)

JSON = "Content-Type: application/json"


def test_a_body_that_ends_early_is_rejected(server: Server) -> None:
    with RawConnection(server.port, post(b"{}").replace(b"Length: 2", b"Length: 20")) as connection:
        connection.shutdown_write()
        response = connection.read_response()
        check_error_response(response, 400)
        assert "2 of 20" in response.json["message"]
        assert connection.is_closed_by_server()


def test_stalled_clients_get_a_408_and_do_not_delay_probes(server: Server) -> None:
    heads = [b"G", b"GET /api", LIVENESS[:-2], post(b"")[:-3]] * 25
    bodies = [post(b'{"a":')[:-1], post_chunked(b"{", end=b""), post_chunked(b"{", end=b"5\r\n12")]
    start = time.monotonic()
    connections = [RawConnection(server.port, sent) for sent in heads + bodies]
    for _ in range(20):
        assert server.get("/api/liveness").elapsed.total_seconds() < 1
    for connection in connections:
        check_error_response(connection.read_response(), 408)
        assert connection.is_closed_by_server()
        connection.close()
    assert 4 < time.monotonic() - start < 8


def test_an_error_response_does_not_wait_for_the_body(server: Server) -> None:
    start = time.monotonic()
    sent = head("POST", "/api/nothing", JSON, "Content-Length: 10") + b"{"
    connections = [RawConnection(server.port, sent) for _ in range(100)]
    for connection in connections:
        response = connection.read_response()
        check_error_response(response, 404)
        assert response.headers["Connection"] == "close"
        assert connection.is_closed_by_server()
        connection.close()
    assert time.monotonic() - start < 3


def test_a_client_may_disconnect_at_any_time(server: Server) -> None:
    for sent in (post(b" " * 99_999)[:-50_000], post(b'{"seconds": 0.1}'), LIVENESS, b"GET"):
        for _ in range(20):
            RawConnection(server.port, sent).close()
    assert eventually(lambda: server.predict({}).elapsed.total_seconds() < 0.5)


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (404, post(b"{}", path="/api/nothing")),
        (405, post(b"{}", path="/api/liveness")),
        (415, post(b"{}").replace(b"json", b"xml")),
        (400, post(b"{")),
        (200, post(b"{}")),
    ],
)
def test_requests_share_a_connection_and_may_be_pipelined(
    server: Server, status: int, sent: bytes
) -> None:
    with RawConnection(server.port, sent * 3 + LIVENESS[:20]) as connection:
        assert [connection.read_response().status for _ in range(3)] == [status] * 3
        connection.send(LIVENESS[20:] + head("HEAD", "/api/liveness"))
        assert connection.read_response().json == {"Alive": True}
        assert connection.read_response("HEAD").status == 200


def test_pipelined_requests_are_answered_after_the_client_has_closed_its_side(
    server: Server,
) -> None:
    slow = post(b'{"seconds": 0.3}')
    with RawConnection(server.port, slow + post(b'{"a": 1}') + LIVENESS) as connection:
        connection.shutdown_write()
        assert connection.read_response().json == {"seconds": 0.3}
        assert connection.read_response().json == {"a": 1}
        assert connection.read_response().json == {"Alive": True}
        assert connection.is_closed_by_server()


def test_a_request_that_expects_100_continue_gets_it(server: Server) -> None:
    expecting = head("POST", PREDICT, JSON, "Content-Length: 2", "Expect: 100-continue")
    with RawConnection(server.port, expecting) as connection:
        assert connection.read_response().status == 100
        connection.send(b"{}")
        assert connection.read_response().json == {}


def test_an_http_1_0_connection_is_closed_after_the_response(server: Server) -> None:
    with RawConnection(server.port, b"GET /api/liveness HTTP/1.0\r\n\r\n") as connection:
        assert connection.read_response().json == {"Alive": True}
        assert connection.is_closed_by_server()


def test_concurrent_requests_form_one_batch(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        """
        import os
        def run(row): return [os.getpid(), 1]
        def run_batch(rows): return [[os.getpid(), len(rows)]] * len(rows)
        """,
    )
    with serving(tmp_path) as server, contextlib.ExitStack() as stack:
        connections = [
            stack.enter_context(RawConnection(server.port, post(b"{}"))) for _ in range(8)
        ]
        process = {connection.read_response().json[0] for connection in connections}.pop()
        for _ in range(20):  # a connection with many earlier requests is batched too
            connections[0].send(post(b"{}"))
            connections[0].read_response()

        def largest_batch() -> int:
            os.kill(process, signal.SIGSTOP)
            for connection in connections:
                connection.send(post(b"{}"))
            os.kill(process, signal.SIGCONT)
            return max(int(connection.read_response().json[1]) for connection in connections)

        # On a busy machine a batch may start before every request has been read.
        eventually(lambda: largest_batch() == len(connections))
