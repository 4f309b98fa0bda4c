"""A connection whose every byte the test chooses, and HTTP answers as they come over it."""

import contextlib
import dataclasses
import http.client
import json
import socket
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.helpers import PREDICT, ROOT, Server, serving, write_module


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the server said."""

    version: bytes
    status: int
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body's JSON."""
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


class Wire:
    """One TCP connection to a server on this machine."""

    def __init__(self, port: int, sent: bytes = b"") -> None:
        """Connect and send."""
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._file = self._socket.makefile("rb")
        self.send(sent)

    def send(self, data: bytes) -> None:
        """Send some bytes; a server that has hung up is no fault."""
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def end_input(self) -> None:
        """Tell the server that nothing more comes."""
        self._socket.shutdown(socket.SHUT_WR)

    def answer(self, method: str = "GET") -> Answer:
        """Return the next answer; one to HEAD has no body."""
        line = self._file.readline()
        assert line.startswith(b"HTTP/1."), f"no answer but {line!r}"
        headers = http.client.parse_headers(self._file)
        length = 0 if method == "HEAD" else int(headers.get("Content-Length", "0"))
        version, status = line.split()[:2]
        return Answer(version, int(status), headers, self._file.read(length))

    def ended(self) -> bool:
        """Tell whether the server hangs up, without another word."""
        return self._file.read(1) == b""

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self.close()


def head(method: str, path: str, *headers: str) -> bytes:
    """Return a request's head."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


LIVENESS = head("GET", "/api/liveness")


def post(body: bytes, *headers: str, path: str = PREDICT) -> bytes:
    """Return a request with a JSON body."""
    length = f"Content-Length: {len(body)}"
    return head("POST", path, "Content-Type: application/json", length, *headers) + body


def post_chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a request whose JSON body comes in chunks."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    encoding = "Transfer-Encoding: chunked"
    return head("POST", PREDICT, "Content-Type: application/json", encoding) + coded + end


def ask(server: Server, sent: bytes) -> Answer:
    """Return the answer to a request in a connection of its own."""
    with Wire(server.port, sent) as wire:
        return wire.answer()


def check_refusal(answer: Answer, status: int) -> None:
    """Check that an answer has the one shape of all refusals, and lets nothing out."""
    assert answer.status == status, answer
    assert set(answer.json) <= {"message", "errors"}
    message = answer.json["message"]
    assert isinstance(message, str)
    assert message
    for secret in ("Traceback", "Exception", "Error", "Invalid", ".py", "0x", str(ROOT)):
        assert secret not in message


# Takes any object, and sleeps as long as it is told.
PATIENT = """
    import time

    def run(input_data):
        time.sleep(input_data.get("seconds", 0))
        return input_data
"""


@contextlib.contextmanager
def serving_unharmed(folder: Path) -> Iterator[Server]:
    """Run gunicorn for the model PATIENT; in the end it must be as good as in the beginning."""
    write_module(folder, PATIENT)
    with serving(folder) as server:
        yield server
        assert server.predict({"a": 1}).json() == {"a": 1}
        assert server.get("/api/liveness").json() == {"Alive": True}
        assert server.log.count("is ready") == 1, "the worker was replaced"
        for word in ("ERROR", "WARNING", "Traceback"):
            assert word not in server.log
