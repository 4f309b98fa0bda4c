"""Answers good predictions from a request's bytes; leaves all others to gunicorn and Flask.

Its responses are those of the full path through gunicorn and Flask: the same body, headers and
metrics, which tests/server/test_shortcut.py compares. Without it the service is only slower.
"""

import socket
import struct
import time
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import NamedTuple

from gunicorn import SERVER
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.util import http_date
from gunicorn.workers.gthread import TConn

from app.api.application import Application
from app.api.paths import PREDICT
from app.api.predict import set_failed_prediction
from app.api.security import SECURITY_HEADERS, is_cross_site
from app.codec import Row, decode
from app.errors import BusyError, NotReadyError, PredictionError
from app.observability.metrics import Metrics

# Callers send the same head over and over. As many are remembered, up to a length in bytes.
_HEADS_KNOWN = 256
_LONGEST_HEAD = 4096
# What only the long way understands, where a request has it.
_OTHER_HEADERS = {
    "CONTENT-ENCODING",
    "EXPECT",
    "PATH_INFO",
    "SCRIPT_NAME",
    "UPGRADE",
    "X-FIELDS",
}
_PROXY = ("127.0.0.1", 0)  # a client that gunicorn trusts, and asks the most of
_AT_ONCE = struct.pack("ll", 0, 1)


class Head(NamedTuple):
    """The head of a request that may be a good prediction.

    Attributes:
        length: the body's, in bytes.
        keep_alive: whether the client wants to go on using the connection.

    """

    length: int
    keep_alive: bool


class Shortcut:
    """The way of good predictions."""

    def __init__(self, app: Application, metrics: Metrics) -> None:
        """Answer for `app`."""
        config = app.config
        self._predictor = app.predictor
        self._metrics = metrics
        self._longest = config["MAX_CONTENT_LENGTH"]
        self._guards = config["WTF_CSRF_ENABLED"]
        self._validates = config["RESTX_VALIDATE"]
        self._read_head = lru_cache(_HEADS_KNOWN)(self._parse_head)

    def answer(self, conn: TConn, config: Config, *, keep_alive: bool) -> bool | None:
        """Answer the request of a connection whose head has come.

        Args:
            conn: the connection.
            config: gunicorn's.
            keep_alive: whether the connection may go on.

        Returns:
            Whether it does. None where the long way is to answer: what has come is still there.

        """
        started = time.perf_counter()
        set_failed_prediction(None)  # the last request's failure, whatever became of that request
        buffer = conn.parser.unreader.buf
        end = buffer.getvalue().find(b"\r\n\r\n", 0, _LONGEST_HEAD) + 4  # 3 bytes are no head
        head = self._read_head(config, buffer.getvalue()[:end])
        if head is None:
            return None
        body = self._predict(conn, end, head.length)
        if body is None:
            return None
        conn.parser.unreader.buf = BytesIO(buffer.getvalue()[end + head.length :])
        keep_alive = keep_alive and head.keep_alive
        self._metrics.count_request(PREDICT, "POST", HTTPStatus.OK)
        self._metrics.observe_prediction(time.perf_counter() - started)
        start = _start_of_answer(int(time.time()), keep_alive=keep_alive)
        try:
            _send(conn.sock, b"%b%d\r\n\r\n%b" % (start, len(body), body))
        except OSError:  # the client has gone, or does not read
            return False
        return keep_alive

    def _parse_head(self, config: Config, head: bytes) -> Head | None:
        try:
            request = Request(config, IterUnreader([head]), _PROXY)
        except Exception:  # noqa: BLE001 - the full path words the error
            return None
        headers = dict(request.headers)
        length = headers.get("CONTENT-LENGTH", "")
        takes = (
            request.uri == PREDICT
            and request.method == "POST"
            and request.version == (1, 1)
            and len(headers) == len(request.headers)
            and headers.get("CONTENT-TYPE") == "application/json"
            and length.isdecimal()
            and int(length) <= self._longest
            and not headers.keys() & _OTHER_HEADERS
            and not (
                self._guards
                and is_cross_site(
                    headers.get("SEC-FETCH-SITE"), headers.get("ORIGIN"), headers.get("HOST", "")
                )
            )
        )
        return Head(int(length), not request.should_close()) if takes else None

    def _predict(self, conn: TConn, start: int, length: int) -> bytes | None:
        """Return the prediction for a body as JSON, unless the long way is to answer."""
        try:
            with self._predictor.acquire() as model:
                body = _receive(conn, start, length)
                row = self._read(body)
                return None if row is None else model.predict_json(row)
        except (BusyError, NotReadyError):
            return None
        except PredictionError as error:
            set_failed_prediction(error)
            return None

    def _read(self, body: bytes) -> Row | None:
        """Return a body as a row where it is valid."""
        try:
            row = decode(body)
        except ValueError:
            return None
        parameters = self._predictor.parameters
        if not self._validates:
            return row if isinstance(row, dict) else None
        return parameters.convert(row) if parameters.is_valid(row) else None


def _receive(conn: TConn, start: int, length: int) -> bytes:
    """Return the body once it has come; nothing, without waiting again, where it does not."""
    buffer = conn.parser.unreader.buf
    while (missing := start + length - buffer.getbuffer().nbytes) > 0:
        conn.sock.settimeout(None)
        try:
            data = conn.sock.recv(min(missing, 65536))
        except OSError:
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _AT_ONCE)
            return b""
        if not data:
            return b""
        buffer.write(data)
    return bytes(buffer.getbuffer()[start : start + length])


@lru_cache(2)
def _start_of_answer(second: int, *, keep_alive: bool) -> bytes:
    headers = {
        "Server": SERVER,
        "Date": http_date(second),
        "Connection": "keep-alive" if keep_alive else "close",
        "Content-Type": "application/json",
        **SECURITY_HEADERS,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 200 OK\r\n{lines}Content-Length: ".encode()


def _send(client: socket.socket, data: bytes) -> None:
    """Send, whether the socket blocks or not; nearly always it takes all at once."""
    try:
        sent = client.send(data)
    except BlockingIOError:
        sent = 0
    if sent < len(data):
        client.settimeout(None)
        client.sendall(data[sent:])
