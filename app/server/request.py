"""A request, as far as its bytes have come, and what is wrong with its head."""

import asyncio
import re
import time
from collections.abc import Mapping
from functools import cached_property, lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes, urlsplit

from werkzeug.exceptions import (
    BadRequest,
    ExpectationFailed,
    RequestHeaderFieldsTooLarge,
    RequestURITooLarge,
)
from werkzeug.exceptions import NotImplemented as NotImplementedByServer

from app.api.endpoints import Endpoint, Head
from app.api.predictions import Call
from app.observability.request_ids import current_request_ids
from app.observability.traces import Trace, TracedHead, Tracer, current_trace

MAX_HEAD = 65_536  # bytes
_MAX_TARGET = 4094  # bytes; these limits are gunicorn's defaults
_MAX_FIELD = 8190
_MAX_FIELDS = 100

_KNOWN_CODINGS = re.compile(rb"(chunked|identity|gzip|x-gzip|deflate|compress|x-compress|[, \t])*")
_TARGET = re.compile(rb"(https?://|/)[\x21-\x7e]*", re.IGNORECASE)


class Request:
    """One request of a connection.

    Attributes:
        started: the monotonic time of its first byte.
        method: in upper case.
        target: as in the request line: a path and perhaps a query, or a URL.
        version: of HTTP.
        headers: by name in lower case; the values of a repeated one are joined by commas.
        error: why the request is rejected without a look at its path.
        head_complete: whether the head has come.
        complete: whether the body has come too.
        keep_alive: whether the client wants the connection to stay.
        reads_body: whether somebody reads the body; None until that is decided.
        parts: the body so far, unless nobody reads it.
        received: bytes of the body so far.
        waiting_since: the monotonic time from which its head, then its body, is waited for.
        responding: whether its response is being made.
        id: for the log, and for the response.
        path: decoded, without the prefix of ROOT_PATH.
        endpoint: what predicts for it; None where it asks for no prediction.
        arguments: the variable parts of the path of the endpoint.
        call: the predictions that it waits for.
        timer: ends the wait for the prediction.
        trace: of the request; None where it is not traced, or has ended.

    """

    method = ""
    target = b""
    version = ""
    error: Exception | None = None
    head_complete = False
    complete = False
    keep_alive = False
    reads_body: bool | None = None
    received = 0
    waiting_since: float | None = None
    responding = False
    id = ""
    path = ""
    endpoint: Endpoint | None = None
    arguments: Mapping[str, str] = MappingProxyType({})
    call: Call | None = None
    timer: asyncio.TimerHandle | None = None
    trace: Trace | None = None

    def __init__(self) -> None:
        """Begin a request, of which nothing is known yet."""
        self.started = time.monotonic()
        self.headers: dict[bytes, bytes] = {}
        self.parts: list[bytes] = []

    @property
    def body(self) -> bytes:
        """The body, as far as it has come."""
        return self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)

    @cached_property
    def head(self) -> Head:
        """What the complete head tells of the body."""
        headers = self.headers
        length = headers.get(b"content-length")
        return Head(
            self.header(b"content-type"),
            self.header(b"content-encoding"),
            None if length is None else int(length),
            self.header(b"inference-header-content-length"),
            self.arguments,
        )

    def enter(self) -> None:
        """Make it the one that the current thread works for, in log lines and traces."""
        current_request_ids.set((self.id,))
        current_trace.set(self.trace)

    def begin_trace(self, tracer: Tracer, endpoint: Endpoint, *, is_tls: bool) -> None:
        """Trace it as a request to an endpoint."""
        scheme = "https" if is_tls else "http"
        head = TracedHead(
            self.headers, self.method, self.target, endpoint.rule, scheme, self.started
        )
        self.trace = tracer.start(head)

    def end_trace(self, status: int | None, version: str | None) -> None:
        """End its trace, with a response or without one."""
        if self.trace is not None:
            self.trace.end(status, version)
            self.trace = None

    def release(self) -> None:
        """Drop what is kept until it has its response, or its client has gone."""
        self.parts = []
        if self.timer is not None:
            self.timer.cancel()
        if self.trace is not None:
            self.end_trace(None, None)

    def header(self, name: bytes) -> str:
        """Return a header, empty without it."""
        return self.headers.get(name, b"").decode("latin-1")

    def optional_header(self, name: bytes) -> str | None:
        """Return a header, if it is there."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def set_headers(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Set the headers, all of which have come."""
        self.headers = {name.lower(): value for name, value in fields}
        if len(self.headers) < len(fields):
            self._join_repeated(fields)

    def _join_repeated(self, fields: list[tuple[bytes, bytes]]) -> None:
        values: dict[bytes, list[bytes]] = {}
        for name, value in fields:
            values.setdefault(name.lower(), []).append(value)
        self.headers = {name: b", ".join(parts) for name, parts in values.items()}
        if len(values.get(b"host", ())) > 1:
            self.error = BadRequest("The request has two Host headers")

    def check_size(self, fields: list[tuple[bytes, bytes]]) -> None:
        """Reject a head beyond the limits."""
        if len(self.target) > _MAX_TARGET:
            self.error = RequestURITooLarge("The request's path is too long")
        elif (
            len(fields) > _MAX_FIELDS
            or max((len(name) + len(value) for name, value in fields), default=0) > _MAX_FIELD
        ):
            self.error = head_too_large()

    def check_head(self) -> None:
        """Reject a complete head for what is not the parser's business."""
        headers = self.headers
        if self.error is not None:
            return
        if self.version not in ("1.0", "1.1") or not path_of(self.target):
            self.error = invalid()
        elif self.version == "1.1" and b"host" not in headers:
            self.error = BadRequest("The request has no Host header")
        elif b"transfer-encoding" in headers:
            self.check_coding()
        if (
            self.error is None
            and headers.get(b"expect", b"100-continue").lower() != b"100-continue"
        ):
            self.error = ExpectationFailed("The Expect header is unknown")

    def check_coding(self) -> None:
        """Reject a Transfer-Encoding other than `chunked` (RFC 9112, 6.1)."""
        coding = self.headers.get(b"transfer-encoding", b"").strip().lower()
        if self.version == "1.0" or (coding != b"chunked" and _KNOWN_CODINGS.fullmatch(coding)):
            self.error = invalid()
        elif coding != b"chunked":
            self.error = NotImplementedByServer("The request's Transfer-Encoding is unknown")


@lru_cache(64)
def path_of(target: bytes) -> str:
    """Return the path of a target, decoded; bytes beyond ASCII as in WSGI (PEP 3333).

    It is empty for a target that is neither a path nor a URL.
    """
    if not _TARGET.fullmatch(target):
        return ""
    if target[:1] != b"/":
        try:
            target = urlsplit(target).path or b"/"
        except ValueError:
            return ""
    return unquote_to_bytes(target.partition(b"?")[0]).decode("latin-1")


def incomplete(request: Request | None) -> BadRequest:
    """Return the error of a request, if one has begun, whose client sends no more."""
    if request is None or not request.head_complete:
        return BadRequest("The request is not complete")
    length = request.headers.get(b"content-length")
    if length is None:
        return BadRequest("The body is not complete")
    return BadRequest(f"The body ended after {request.received} of {int(length)} bytes")


def invalid() -> BadRequest:
    """Return the error of what is not HTTP."""
    return BadRequest("The request is not valid HTTP")


def head_too_large() -> RequestHeaderFieldsTooLarge:
    """Return the error of a head beyond the limits."""
    return RequestHeaderFieldsTooLarge("The request's headers are too large")
