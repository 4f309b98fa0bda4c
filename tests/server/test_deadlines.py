"""Clients that are slow: each wait has a deadline as a whole, and memory a bound."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.helpers import Server, eventually, serving, write_module
from tests.raw_http import (
    LIVENESS,
    RawConnection,
    check_error_response,
    post,
    post_chunked,
)

LARGE = "def run(row): return ['x' * 100] * row['length']\n"


def trickle(connection: RawConnection, byte: bytes) -> None:
    """Send a byte every half second, until the server closes the connection."""
    for _ in range(30):
        time.sleep(0.5)
        connection.send(byte)


@pytest.mark.parametrize(
    ("start", "byte"),
    [
        pytest.param(LIVENESS[:-2] + b"A: b", b"c", id="head"),
        pytest.param(post(b" " * 500)[:-499], b" ", id="body"),
        pytest.param(post_chunked(end=b""), b"1\r\n \r\n", id="chunks"),
    ],
)
def test_a_trickled_request_gets_a_408_after_its_deadline(
    server: Server, start: bytes, byte: bytes
) -> None:
    begun = time.monotonic()
    with RawConnection(server.port, start) as connection, ThreadPoolExecutor(1) as pool:
        pool.submit(trickle, connection, byte)
        check_error_response(connection.read_response(), 408)
        assert 4 < time.monotonic() - begun < 9
        pool.shutdown(wait=False, cancel_futures=True)


def test_a_body_gets_a_second_more_for_each_64_kib(server: Server) -> None:
    body = b"[" + b"1," * 200_000 + b"1]"
    sent = post(b'{"a":' + body + b"}")
    with RawConnection(server.port, sent[:300_000]) as connection:
        time.sleep(6)
        connection.send(sent[300_000:])
        assert connection.read_response().status == 200


def test_the_deadline_of_a_pipelined_request_starts_with_the_response_before_it(
    server: Server,
) -> None:
    sent = post(b'{"a": 1}')
    with RawConnection(server.port, post(b'{"seconds": 6}') + sent[:-3]) as connection:
        assert connection.read_response().status == 200
        connection.send(sent[-3:])
        assert connection.read_response().json == {"a": 1}


@pytest.mark.parametrize("requests", [1, 200])
def test_a_client_that_does_not_read_is_disconnected(tmp_path: Path, requests: int) -> None:
    write_module(tmp_path, LARGE)
    with serving(tmp_path) as server:
        length = 100_000 // requests
        with RawConnection(server.port, post(b'{"length": %d}' % length) * requests):
            eventually(lambda: open_connections(server) >= 1)
            eventually(lambda: open_connections(server) == 0, within=12)


def open_connections(server: Server) -> int:
    """Return the number of connections to the server that its worker has."""
    port = f"{server.port:04X}"
    lines = Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()[1:]
    established = [line.split() for line in lines if line.split()[3] == "01"]
    return sum(fields[1].endswith(f":{port}") for fields in established)
