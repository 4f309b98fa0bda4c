"""The bytes of a response: its head, for which the current second is rendered once."""

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus

from werkzeug.http import http_date

from app.api.security import SECURITY_HEADERS
from app.server.wsgi import WsgiResponse

_JSON_HEADERS = {"Content-Type": "application/json", **SECURITY_HEADERS}
_SERVERS_OWN = ("connection", "date", "server")


def json_head(
    status: int, second: int, request_id: str, headers: Mapping[str, str], *, keep_alive: bool
) -> bytes:
    """Return the head of a response of the API, but for its last header, Content-Length.

    Args:
        status: its code.
        second: the current time.
        request_id: the request's id.
        headers: those that not every response has.
        keep_alive: whether the connection stays.

    """
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()] if headers else ()
    start = _start_of_json(status, second, keep_alive=keep_alive)
    return b"%bX-Request-Id: %b\r\n%b" % (
        start,
        request_id.encode(),
        "".join(lines).encode("latin-1"),
    )


def wsgi_response(response: WsgiResponse, second: int, *, keep_alive: bool) -> bytes:
    """Return a response of the Flask application; the arguments are like those above."""
    lines = [
        f"{name}: {value}\r\n"
        for name, value in response.headers
        if name.lower() not in _SERVERS_OWN
    ]
    common = _common(second, keep_alive=keep_alive)
    head = f"HTTP/1.1 {response.status}\r\n{common}{''.join(lines)}".encode("latin-1")
    return b"%b\r\n%b" % (head, response.body)


@lru_cache(64)
def _start_of_json(status: int, second: int, *, keep_alive: bool) -> bytes:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = "".join([f"{name}: {value}\r\n" for name, value in _JSON_HEADERS.items()])
    return f"HTTP/1.1 {status} {phrase}\r\n{_common(second, keep_alive=keep_alive)}{lines}".encode()


def _common(second: int, *, keep_alive: bool) -> str:
    connection = "keep-alive" if keep_alive else "close"
    return f"Server: ml-rest-api\r\nDate: {http_date(second)}\r\nConnection: {connection}\r\n"
