"""A client's connection: HTTP/1.1 (RFC 9112), one request after the other.

Every wait has a deadline, which is absolute: for a head, for a body, for
the client to take a response, for the next request, for the client to hang up.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from werkzeug.exceptions import RequestTimeout

from app.server.parser import RequestParser
from app.server.request import Request, incomplete

if TYPE_CHECKING:
    from app.server.server import Server

_HEAD_SECONDS = 5.0
_BODY_SECONDS = 5.0  # and one for each _BYTES_PER_SECOND
_RESPONSE_SECONDS = 5.0  # likewise
_CLOSE_SECONDS = 2.0
_BYTES_PER_SECOND = 65_536
_NEVER = float("inf")


class Connection(asyncio.BufferedProtocol):
    """Hands requests to the server, in their order, and writes its responses.

    Attributes:
        deadline: the monotonic time at which what is waited for has to be there.
        response_deadline: the same for the client to have taken the responses.
        responded: the monotonic time of the latest response.
        is_closing: whether there are no more responses.
        transport: the way to the client.

    """

    def __init__(self, server: "Server", on_made: Callable[[], None] = lambda: None) -> None:
        """Serve a client that has just connected.

        Args:
            server: gets the requests.
            on_made: called when the connection is one of the server's.

        """
        self.deadline = _NEVER
        self.response_deadline = _NEVER
        self.transport: asyncio.Transport
        self._server = server
        self._on_made = on_made
        self._parser = RequestParser(server.keep_body, server.body_too_large)
        self._requests = self._parser.requests
        self._unparsed = b""  # came while a response was being made
        self.responded = time.monotonic()  # or connected
        self._progress = self.responded  # when the client last took some of a response
        self._unsent_bytes = 0  # then
        self._is_advancing = False
        self.is_closing = False
        self._is_write_paused = False
        self._has_ended = False  # the client sends no more

    @property
    def client(self) -> str:
        """The client's address."""
        address = self.transport.get_extra_info("peername")
        return str(address[0]) if address else ""

    @property
    def port(self) -> int:
        """The port that the client has connected to."""
        return int(self.transport.get_extra_info("sockname")[1])

    @property
    def unsent_bytes(self) -> int:
        """What the client has not taken of its responses."""
        return self.transport.get_write_buffer_size()

    @property
    def is_idle(self) -> bool:
        """Whether no request has begun."""
        return self._parser.current is None and not self._requests

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self.transport = cast("asyncio.Transport", transport)
        self._server.add(self)
        self._on_made()
        self._set_deadline()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's
        """Return where to read to: one buffer for all, as what is read is parsed at once."""
        return self._server.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what has come, unless a response has to be made first."""
        if self.is_closing:
            return
        data = self._server.read_buffer[:nbytes]
        if self._is_write_paused or (self._requests and self._requests[0].responding):
            self._unparsed += data
            self.transport.pause_reading()
        else:
            self._parser.feed(data)
            self._advance()

    def eof_received(self) -> bool:
        """Respond to what has come: the client may have closed its sending side alone."""
        self._has_ended = True
        parser = self._parser
        if self.is_closing or (self.is_idle and not parser.has_stray_bytes):
            return False
        if parser.current is not None or self.is_idle:
            parser.reject(incomplete(parser.current))
        self._advance()
        return not self._server.is_tls

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Forget the requests that have no response."""
        self.is_closing = True
        self._server.remove(self)
        for request in self._requests:
            self._server.forget(request)
        self._requests.clear()

    def pause_writing(self) -> None:
        """Make no more responses until the client has taken these."""
        self._is_write_paused = True

    def resume_writing(self) -> None:
        """Go on with the next request."""
        self._is_write_paused = False
        self._advance()

    def may_stay_open(self, request: Request) -> bool:
        """Return whether the connection may stay after the response to a request."""
        has_more = len(self._requests) > 1 or bool(self._unparsed)
        return request.keep_alive and request.complete and (has_more or not self._has_ended)

    def respond(self, response: bytes, *, keep_alive: bool) -> None:
        """Write the response to the first of the requests.

        Args:
            response: head and body.
            keep_alive: whether the connection stays, as the head says.

        """
        self._requests.popleft()
        self.responded = self._progress = now = time.monotonic()
        self.response_deadline = now + _RESPONSE_SECONDS + len(response) / _BYTES_PER_SECOND
        self.transport.write(response)
        if keep_alive:
            self._advance()
        else:
            self.close()

    def awaits_response(self, request: Request) -> bool:
        """Return whether the client still waits for the response to a request."""
        return bool(self._requests) and self._requests[0] is request

    def check_deadlines(self, now: float) -> None:
        """End what has taken too long."""
        if self.response_deadline < _NEVER:
            self._check_response(now)
        elif now < self.deadline:
            return
        elif self.is_closing:
            self.transport.abort()
        elif self.is_idle:
            self.transport.close()
        else:
            what = "body" if self._requests else "request"
            self._parser.reject(RequestTimeout(f"The {what} did not arrive in time"))
            self._advance()

    def _check_response(self, now: float) -> None:
        """End the connection of a client that does not take its responses, or too slowly."""
        unsent = self.unsent_bytes
        if not unsent:
            self.response_deadline = _NEVER
            if self.is_closing:
                self.deadline = now + _CLOSE_SECONDS
        elif unsent != self._unsent_bytes:
            self._unsent_bytes = unsent
            self._progress = now
        if unsent and now >= min(self.response_deadline, self._progress + _RESPONSE_SECONDS):
            self.transport.abort()

    def close(self) -> None:
        """Close after the last response: with input unread, the client would lose it."""
        self.is_closing = True
        self._unparsed = b""
        self.deadline = time.monotonic() + _CLOSE_SECONDS
        if self._has_ended or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()
            self.transport.resume_reading()

    def _advance(self) -> None:
        """Have the first request responded to, and go on to the next."""
        if self._is_advancing:
            return
        self._is_advancing = True
        while not (self.is_closing or self._is_write_paused):
            request = self._requests[0] if self._requests else None
            if request is not None and request.responding:
                break
            if request is not None and self._is_ready(request):
                request.responding = True
                self._server.respond(self, request)
            elif self._unparsed:
                data, self._unparsed = self._unparsed, b""
                self.transport.resume_reading()
                self._parser.feed(data)
            else:
                break
        self._is_advancing = False
        if not self.is_closing:
            self._set_deadline()

    def _is_ready(self, request: Request) -> bool:
        """Return whether all has come that the response takes."""
        if request.complete or request.error is not None:
            return True
        if request.reads_body is None:
            request.reads_body = self._server.wants_body(request)
            if request.reads_body and b"expect" in request.headers and not request.received:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return not request.reads_body

    def _set_deadline(self) -> None:
        """Set the deadline of what is waited for now."""
        request = self._requests[0] if self._requests else self._parser.current
        if request is None:
            self.deadline = self.responded + self._server.keep_alive_seconds
        elif request.responding or self._is_write_paused:
            self.deadline = _NEVER
        else:
            if request.waiting_since is None:
                request.waiting_since = time.monotonic()
            seconds = _BODY_SECONDS if request.head_complete else _HEAD_SECONDS
            self.deadline = request.waiting_since + seconds + request.received / _BYTES_PER_SECOND
