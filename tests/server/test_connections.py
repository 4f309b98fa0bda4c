"""Connections, and clients that stall, leave or send all at once, against a real gunicorn."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import PREDICT, Server, eventually, serving, write_module
from tests.raw_http import (
    LIVENESS,
    Wire,
    check_refusal,
    head,
    post,
    post_chunked,
    serving_unharmed,
)

JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Share one server, which is as good after all that the tests do to it as before."""
    with serving_unharmed(tmp_path_factory.mktemp("connections")) as server:
        yield server


def test_a_body_that_ends_early_is_refused(server: Server) -> None:
    with Wire(server.port, post(b"{}").replace(b"Length: 2", b"Length: 20")) as wire:
        wire.end_input()
        answer = wire.answer()
        check_refusal(answer, 400)
        assert "2 of 20" in answer.json["message"]
        assert wire.ended()


def test_clients_that_stall_are_answered_after_a_while_and_hold_no_probe_up(server: Server) -> None:
    heads = [b"G", b"GET /api", LIVENESS[:-2], post(b"")[:-3], b"\x16\x03\x01\x02\x00"] * 20
    bodies = [post(b'{"a":')[:-1], post_chunked(b"{", end=b""), post_chunked(b"{", end=b"5\r\n12")]
    start = time.monotonic()
    wires = [Wire(server.port, sent) for sent in heads + bodies]
    for _ in range(20):
        assert server.get("/api/liveness").elapsed.total_seconds() < 1
    for wire in wires:
        check_refusal(wire.answer(), 408)
        assert wire.ended()
        wire.close()
    assert 4 < time.monotonic() - start < 8


def test_a_refusal_does_not_wait_for_the_body(server: Server) -> None:
    start = time.monotonic()
    sent = head("POST", "/api/nothing", JSON, "Content-Length: 10") + b"{"
    wires = [Wire(server.port, sent) for _ in range(100)]
    for wire in wires:
        answer = wire.answer()
        check_refusal(answer, 404)
        assert answer.headers["Connection"] == "close"
        assert wire.ended()
        wire.close()
    assert time.monotonic() - start < 3


def test_clients_may_leave_at_any_time(server: Server) -> None:
    for sent in (post(b" " * 99_999)[:-50_000], post(b'{"seconds": 0.1}'), LIVENESS, b"GET"):
        for _ in range(20):
            Wire(server.port, sent).close()
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
def test_requests_share_a_connection_and_may_come_all_at_once(
    server: Server, status: int, sent: bytes
) -> None:
    with Wire(server.port, sent * 3 + LIVENESS[:20]) as wire:
        assert [wire.answer().status for _ in range(3)] == [status] * 3
        wire.send(LIVENESS[20:] + head("HEAD", "/api/liveness"))
        assert wire.answer().json == {"Alive": True}
        assert wire.answer("HEAD").status == 200


def test_a_client_may_ask_whether_to_go_on(server: Server) -> None:
    expecting = head("POST", PREDICT, JSON, "Content-Length: 2", "Expect: 100-continue")
    with Wire(server.port, expecting) as wire:
        assert wire.answer().status == 100
        wire.send(b"{}")
        assert wire.answer().json == {}


def test_http_1_0_is_answered_and_hung_up(server: Server) -> None:
    with Wire(server.port, b"GET /api/liveness HTTP/1.0\r\n\r\n") as wire:
        assert wire.answer().json == {"Alive": True}
        assert wire.ended()


def test_requests_that_come_together_are_one_batch(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        """
        import os
        def run(row): return [os.getpid(), 1]
        def run_batch(rows): return [[os.getpid(), len(rows)]] * len(rows)
        """,
    )
    with serving(tmp_path) as server, contextlib.ExitStack() as stack:
        wires = [stack.enter_context(Wire(server.port, post(b"{}"))) for _ in range(8)]
        process = {wire.answer().json[0] for wire in wires}.pop()
        for _ in range(20):  # whatever a connection has brought before
            wires[0].send(post(b"{}"))
            wires[0].answer()

        def largest_batch() -> int:
            os.kill(process, signal.SIGSTOP)
            for wire in wires:
                wire.send(post(b"{}"))
            os.kill(process, signal.SIGCONT)
            return max(int(wire.answer().json[1]) for wire in wires)

        eventually(lambda: largest_batch() == len(wires))  # a busy machine may not let all in
