"""Raw HTTP/1.1: connections that send arbitrary bytes, and the responses to them."""

import contextlib
import dataclasses
import http.client
import json
import re
import socket
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.helpers import PREDICT, ROOT, Server, serving, write_module


@dataclasses.dataclass(frozen=True)
class Response:
    """A response from the server."""

    version: bytes
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


class RawConnection:
    """A TCP connection to a server on this machine."""

    def __init__(self, port: int, sent: bytes = b"") -> None:
        """Connect and send `sent`."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("rb")
        self.send(sent)

    def send(self, data: bytes) -> None:
        """Send bytes; ignore that the server has closed the connection."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def shutdown_write(self) -> None:
        """Close the sending side of the connection."""
        self._socket.shutdown(socket.SHUT_WR)

    def read_response(self, method: str = "GET") -> Response:
        """Return the next response; a response to HEAD has no body."""
        line = self._file.readline()
        assert line.startswith(b"HTTP/1."), f"not a response: {line!r}"
        headers = http.client.parse_headers(self._file)
        length = 0 if method == "HEAD" else int(headers.get("Content-Length", "0"))
        version, status = line.split()[:2]
        return Response(version, int(status), headers, self._file.read(length))

    def read_fast(self) -> tuple[int, bytes]:
        """Return the status and the body of the next response, one of very many."""
        status, length = int(self._file.readline()[9:12]), 0
        while (line := self._file.readline()) != b"\r\n":
            if line.startswith(b"Content-Length: "):
                length = int(line[16:])
        return status, self._file.read(length)

    def is_closed_by_server(self) -> bool:
        """Wait for the server's next byte; return whether it closes the connection instead."""
        return self._file.read(1) == b""

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        """Return the connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()


def head(method: str, path: str, *headers: str) -> bytes:
    """Return the request line and the headers of a request."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


LIVENESS = head("GET", "/api/liveness")


def post(body: bytes, *headers: str, path: str = PREDICT) -> bytes:
    """Return a request with a JSON body."""
    length = f"Content-Length: {len(body)}"
    return head("POST", path, "Content-Type: application/json", length, *headers) + body


def post_chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a request with a JSON body in chunks."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    encoding = "Transfer-Encoding: chunked"
    return head("POST", PREDICT, "Content-Type: application/json", encoding) + coded + end


def send_request(server: Server, sent: bytes) -> Response:
    """Send a request on a new connection and return the response."""
    with RawConnection(server.port, sent) as connection:
        return connection.read_response()


def check_error_response(response: Response, status: int) -> None:
    """Check the status, the shape of the body, and that the message exposes no internals."""
    assert response.status == status, response
    assert set(response.json) <= {"message", "errors"}
    message = response.json["message"]
    assert isinstance(message, str)
    assert message
    for internal in ("Traceback", str(ROOT), ".py", "0x"):
        assert internal not in message
    assert not re.search(r"\b[A-Z]\w+(Error|Exception)\b", message), "a class name"


# Accepts any object and sleeps for its "seconds".
SLEEPING = """
    import time

    def run(input_data):
        time.sleep(input_data.get("seconds", 0))
        return input_data
"""


@contextlib.contextmanager
def serving_healthy(folder: Path) -> Iterator[Server]:
    """Run gunicorn for the model SLEEPING; check that it is still healthy at the end."""
    write_module(folder, SLEEPING)
    with serving(folder) as server:
        yield server
        assert server.predict({"a": 1}).json() == {"a": 1}
        assert server.get("/api/liveness").json() == {"Alive": True}
        assert server.log.count("is ready") == 1, "the worker was replaced"
        for text in ("ERROR", "WARNING", "Traceback"):
            assert text not in server.log
