"""The bytes of a response: its head, for which the current second is rendered once."""

from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple

from werkzeug.http import http_date

from app.api.security import SECURITY_HEADERS
from app.server.wsgi import WsgiResponse

_JSON_HEADERS = {"Content-Type": "application/json", **SECURITY_HEADERS}
_SERVERS_OWN = ("connection", "date", "server")


class CommonHeaders(NamedTuple):
    """The values of headers that every response has, and that many share.

    Attributes:
        second: the current time.
        keep_alive: whether the connection stays.
        model_version: the model's, if it has one.

    """

    second: int
    keep_alive: bool
    model_version: str | None


def json_head(
    status: int, request_id: str, headers: Mapping[str, str], common: CommonHeaders
) -> bytes:
    """Return the head of a response of the API, but for its last header, Content-Length.

    Args:
        status: its code.
        request_id: the request's id.
        headers: those that not every response has.
        common: those that every response has.

    """
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()] if headers else ()
    return b"%bX-Request-Id: %b\r\n%b" % (
        _start_of_json(status, common),
        request_id.encode(),
        "".join(lines).encode("latin-1"),
    )


def wsgi_response(response: WsgiResponse, common: CommonHeaders) -> bytes:
    """Return a response of the Flask application; the arguments are like those above."""
    lines = [
        f"{name}: {value}\r\n"
        for name, value in response.headers
        if name.lower() not in _SERVERS_OWN
    ]
    status_line = f"HTTP/1.1 {response.status}\r\n"
    head = f"{status_line}{_lines(common)}{''.join(lines)}".encode("latin-1")
    return b"%b\r\n%b" % (head, response.body)


@lru_cache(64)
def _start_of_json(status: int, common: CommonHeaders) -> bytes:
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    lines = "".join([f"{name}: {value}\r\n" for name, value in _JSON_HEADERS.items()])
    return f"HTTP/1.1 {status} {phrase}\r\n{_lines(common)}{lines}".encode()


def _lines(common: CommonHeaders) -> str:
    connection = "keep-alive" if common.keep_alive else "close"
    date, version = http_date(common.second), common.model_version
    lines = f"Server: ml-rest-api\r\nDate: {date}\r\nConnection: {connection}\r\n"
    return lines if version is None else f"{lines}X-Model-Version: {version}\r\n"
