"""Clients that send slowly: each wait has a deadline as a whole."""

import threading
import time

from tests.helpers import Server
from tests.raw_http import (
    LIVENESS,
    RawConnection,
    check_error_response,
    post,
    post_chunked,
)

TRICKLED = {
    "head": (LIVENESS[:-2] + b"A: b", b"c"),
    "body": (post(b" " * 500)[:-499], b" "),
    "chunks": (post_chunked(end=b""), b"1\r\n \r\n"),
}


def test_trickled_requests_get_a_408_after_their_deadline(server: Server) -> None:
    connections = {name: RawConnection(server.port, sent) for name, (sent, _) in TRICKLED.items()}
    is_over = threading.Event()

    def trickle() -> None:
        while not is_over.wait(0.5):
            for name, connection in connections.items():
                connection.send(TRICKLED[name][1])

    begun = time.monotonic()
    thread = threading.Thread(target=trickle)
    thread.start()
    for connection in connections.values():
        check_error_response(connection.read_response(), 408)
    assert 4 < time.monotonic() - begun < 9
    is_over.set()
    thread.join()
    for connection in connections.values():
        connection.close()


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
