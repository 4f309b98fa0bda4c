"""Parses a connection's bytes into requests, with llhttp, which is strict."""

import re
from collections import deque
from collections.abc import Callable

from httptools import (
    HttpParserError,
    HttpParserInvalidMethodError,
    HttpParserUpgrade,
    HttpRequestParser,
)

from app.server.request import MAX_HEAD, Request, head_too_large, invalid

_SMALL_HEAD = 4000  # bytes; in fewer, no limit can be exceeded but that of the number of headers
_MAX_FIELDS_OF_SMALL_HEAD = 100

# llhttp knows the registered methods only; any other gets the 404 or 405 of its path.
_UNKNOWN_METHOD = re.compile(rb"([A-Z]{1,20}) (/[\x21-\x7e]*) HTTP/1\.[01]\r\n")


class RequestParser:
    """Collects requests as their bytes come.

    Attributes:
        requests: those with a complete head, or an error; the last may lack its body. Whoever
            responds to one removes it.
        current: the request whose head or body is being read, if one has begun.
        has_stray_bytes: whether the latest bytes were but the line ends that may precede a request.

    """

    def __init__(
        self,
        keep_body: Callable[[Request, bytes], None],
        body_too_large: Callable[[], Exception],
    ) -> None:
        """Parse nothing yet.

        Args:
            keep_body: called with each part of a body, unless nobody reads it.
            body_too_large: returns the error of a body that is too large.

        """
        self.requests: deque[Request] = deque()
        self.current: Request | None = None
        self.has_stray_bytes = False
        self._keep_body = keep_body
        self._body_too_large = body_too_large
        self._parser = HttpRequestParser(self)
        self._reading = Request()  # the current request, or the one before
        self._fields: list[tuple[bytes, bytes]] = []  # its headers
        self._fed_bytes = 0  # that are being parsed
        self._head_bytes = 0  # at most, so far

    def feed(self, data: bytes | memoryview) -> None:
        """Parse what has come."""
        self._fed_bytes = len(data)
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:  # to a protocol that nobody speaks here: HTTP/1.1 goes on
            self.requests[-1].keep_alive = False
        except HttpParserError as error:
            self._reject_unparsable(error, bytes(data))
        else:
            request = self.current
            self.has_stray_bytes = request is None and not self.requests
            if request is not None and not request.head_complete and self._head_bytes > _SMALL_HEAD:
                request.check_size(self._fields)
                if request.error is not None or self._head_bytes > MAX_HEAD:
                    self.reject(request.error or head_too_large())

    def reject(self, error: Exception) -> None:
        """Let the request that is being read be the connection's last, with an error."""
        self.current = request = self.current or Request()
        if not self.requests or self.requests[-1] is not request:
            self.requests.append(request)
        request.error = error
        request.keep_alive = False

    def _reject_unparsable(self, error: HttpParserError, data: bytes) -> None:
        latest = self.requests[-1] if self.requests else None
        if latest is not None and latest.complete and not latest.keep_alive:
            return  # what follows the last request of a connection is none
        self.current = request = self.current or Request()
        is_unknown_method = isinstance(error, HttpParserInvalidMethodError)
        if is_unknown_method and (line := _UNKNOWN_METHOD.match(data)):
            request.method, request.target = line[1].decode(), line[2]
            request.reads_body = False
            self.requests.append(request)
            return
        if b"transfer-encoding" in request.headers and request.error is None:
            request.check_coding()
        if "Content-Length overflow" in str(error):  # beyond 64 bits
            request.error = self._body_too_large()
        self.reject(request.error or invalid())

    # llhttp's callbacks:

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.current = self._reading = Request()
        self._fields = []
        self._head_bytes = self._fed_bytes

    def on_url(self, part: bytes) -> None:
        """Read a part of the target."""
        self._reading.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header; a trailer, after the body, is ignored."""
        if not self._reading.head_complete:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Queue the request."""
        request, parser = self._reading, self._parser
        request.method = parser.get_method().decode()
        request.version = parser.get_http_version()
        request.keep_alive = parser.should_keep_alive()
        request.head_complete = True
        request.waiting_since = None
        request.set_headers(self._fields)
        if self._head_bytes > _SMALL_HEAD or len(self._fields) > _MAX_FIELDS_OF_SMALL_HEAD:
            request.check_size(self._fields)
        request.check_head()
        if request.error is not None:
            request.keep_alive = False
        self.requests.append(request)

    def on_body(self, part: bytes) -> None:
        """Keep a part of a body that somebody reads."""
        request = self._reading
        request.received += len(part)
        if request.reads_body is not False:
            self._keep_body(request, part)

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._reading.complete = True
        self.current = None
