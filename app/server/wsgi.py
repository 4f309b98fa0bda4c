"""Calls the Flask application for a request, as WSGI (PEP 3333) defines."""

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from app.server.request import Request, path_of

_WITHOUT_BODY = ("1", "204", "304")  # statuses whose responses have no Content-Length
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class WsgiResponse(NamedTuple):
    """What an application has returned.

    Attributes:
        status: code and phrase.
        headers: its headers.
        body: complete.

    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class WsgiCaller:
    """Calls one application."""

    def __init__(
        self, app: WsgiApp, *, scheme: str, address: tuple[str, int], several_processes: bool
    ) -> None:
        """Prepare what is the same for all requests."""
        self._app = app
        self._environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": address[0],
            "SERVER_PORT": str(address[1]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": several_processes,
            "wsgi.run_once": False,
        }

    def environ(self, request: Request, client: str) -> dict[str, Any]:
        """Return the environment of a request.

        Args:
            request: complete, or one whose body nobody reads.
            client: its address.

        """
        body = request.body if request.complete else b""
        environ: dict[str, Any] = {
            **self._environ,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": path_of(request.target),
            "QUERY_STRING": request.target.partition(b"?")[2].decode("latin-1"),
            "RAW_URI": request.target.decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{request.version or '1.1'}",
            "REMOTE_ADDR": client,
            "wsgi.input": io.BytesIO(body),
        }
        for name, value in request.headers.items():
            if b"_" not in name:  # "Script_Name" would pass for another header's name
                environ[f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"] = value.decode(
                    "latin-1"
                )
        environ.pop("HTTP_CONTENT_LENGTH", None)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        environ["CONTENT_LENGTH"] = str(len(body))
        return environ

    def call(self, environ: dict[str, Any]) -> WsgiResponse:
        """Return the application's response; raise what it raises."""
        started: list[Any] = []
        written: list[bytes] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None
        ) -> Callable[[bytes], None]:
            started[:] = [status, headers]
            return written.append

        parts = self._app(environ, start_response)
        try:
            written.extend(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = started
        body = b"".join(written)
        has_length = any(name.lower() == "content-length" for name, _value in headers)
        if not (has_length or status.startswith(_WITHOUT_BODY)):
            headers = [*headers, ("Content-Length", str(len(body)))]
        return WsgiResponse(status, list(headers), body)
