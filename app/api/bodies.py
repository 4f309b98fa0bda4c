"""JSON bodies of requests and responses."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from flask import Request, Response
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

from app.codec import JsonValue, decode, encode

_JSON_TYPE = re.compile(r"application/([a-z0-9!#$&^_.-]+\+)?json", re.IGNORECASE)


def read_json(request: Request) -> JsonValue:
    """Return the JSON value of a request's body.

    Raises:
        UnsupportedMediaType: the Content-Type is neither application/json nor …+json, or the body
            is compressed.
        BadRequest: the body is missing, cut short or not JSON.
        RequestEntityTooLarge: the body is longer than MAX_CONTENT_LENGTH.
        RequestTimeout: the client stopped sending.

    """
    if not _JSON_TYPE.fullmatch(request.mimetype):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body uncompressed, without a Content-Encoding")
    body = _read(request)
    if not body:
        raise BadRequest("The body is empty: send a JSON object")
    try:
        return decode(body)
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from None


def _read(request: Request) -> bytes:
    try:
        body = request.get_data(cache=False)
        # Without a Content-Length, Werkzeug stops at the limit, whether there is more or not.
        excess = request.content_length is None and request.environ["wsgi.input"].read(1)
    except RequestEntityTooLarge:
        body, excess = b"", True
    except Exception as error:  # noqa: BLE001 - whatever a server raises for a broken chunk
        cause = error.__context__ if isinstance(error, ClientDisconnected) else error
        if isinstance(cause, BlockingIOError | TimeoutError):
            raise RequestTimeout("The body did not arrive in time") from None
        raise BadRequest("The body is not complete") from None
    if excess:
        raise RequestEntityTooLarge(f"The body has more than {request.max_content_length} bytes")
    if request.content_length is not None and len(body) < request.content_length:
        raise BadRequest(f"The body ended after {len(body)} of {request.content_length} bytes")
    return body


def json_response(
    value: JsonValue,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with `value` as its JSON body.

    Raises:
        TypeError: `value` holds something without a JSON counterpart.

    """
    return Response(encode(value), status, headers, content_type="application/json")
