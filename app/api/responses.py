"""A response of the API before it is Flask's or the server's: JSON, or an error as JSON."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.codec import JsonValue, encode
from app.errors import InvalidInputError, PredictionError, RefusedError, RequestError
from app.predictor.module import format_exception_line

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
UNHANDLED = "An unhandled exception occurred"


class Response(NamedTuple):
    """A JSON response.

    Attributes:
        status: the HTTP status.
        body: JSON in UTF-8.
        headers: beside Content-Type and those that every response has.

    """

    status: int
    body: bytes
    headers: Mapping[str, str] = _NO_HEADERS

    def to_flask(self) -> FlaskResponse:
        """Return it as Flask's."""
        return FlaskResponse(self.body, self.status, self.headers, content_type="application/json")


def error_response(error: BaseException, *, debug: bool) -> Response:
    """Return the response to an exception that ended a request.

    Args:
        error: of any type; one that is not foreseen is a 500.
        debug: whether a 500 tells the exception's text.

    """
    if isinstance(error, HTTPException):
        headers = {}
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            headers["Allow"] = ", ".join(sorted(error.valid_methods))
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return message_response(status, error.description or error.name, headers)
    if isinstance(error, RequestError) and not isinstance(error, PredictionError):
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        errors = {"errors": error.errors} if isinstance(error, InvalidInputError) else {}
        text = error.description if isinstance(error, RefusedError) else str(error)
        return message_response(error.status, text, headers, **errors)
    cause = (error.__cause__ or error) if isinstance(error, PredictionError) else error
    text = format_exception_line(cause) if debug else UNHANDLED
    return message_response(HTTPStatus.INTERNAL_SERVER_ERROR, text)


def message_response(
    status: int, message: str, headers: Mapping[str, str] | None = None, **more: JsonValue
) -> Response:
    """Return a response with a `message`."""
    return Response(int(status), encode({**more, "message": message}), headers or _NO_HEADERS)
