"""A response of the API before it is Flask's or the server's, and what an error's tells."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.codec import JsonValue, encode
from app.errors import (
    FailedRowsError,
    InvalidInputError,
    PredictionError,
    RefusedError,
    RequestError,
)
from app.predictor.module import format_exception_line

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_REFUSALS = {400: "invalid", 413: "too_large", 415: "invalid"}
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


def respond_ok(value: JsonValue) -> FlaskResponse:
    """Return Flask's response with a JSON value."""
    return Response(HTTPStatus.OK, encode(value)).to_flask()


class ErrorDescription(NamedTuple):
    """What a client is told of an error.

    Attributes:
        status: the HTTP status.
        message: what is wrong, in a line.
        headers: of the response, beside those that every response has.
        errors: what is wrong with each part of the body, as far as that is known.
        part: what such a part is, before its name.
        hidden: the number of parts whose errors are not among these.

    """

    status: int
    message: str
    headers: Mapping[str, str] = _NO_HEADERS
    errors: Mapping[str, str] = _NO_HEADERS
    part: str = ""
    hidden: int = 0


def refusal_of(error: BaseException) -> str | None:
    """Return why a request is refused, one of `REFUSALS`; None where the error is no refusal."""
    if isinstance(error, HTTPException):
        return _REFUSALS.get(error.code or 0)
    return error.refusal if isinstance(error, RequestError) else None


def describe_error(error: BaseException, *, debug: bool) -> ErrorDescription:
    """Describe an exception that ended a request.

    Args:
        error: of any type; one that is not foreseen is a 500.
        debug: whether a 500 tells the exception's text.

    """
    if isinstance(error, HTTPException):
        headers = {}
        if isinstance(error, MethodNotAllowed) and error.valid_methods:
            headers["Allow"] = ", ".join(sorted(error.valid_methods))
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return ErrorDescription(status, error.description or error.name, headers)
    if isinstance(error, RequestError) and not isinstance(error, PredictionError):
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        if isinstance(error, FailedRowsError):
            hidden = error.total - len(error.errors)
            return ErrorDescription(error.status, str(error), headers, error.errors, "Row ", hidden)
        errors = error.errors if isinstance(error, InvalidInputError) else {}
        text = error.description if isinstance(error, RefusedError) else str(error)
        return ErrorDescription(error.status, text, headers, errors)
    cause = (error.__cause__ or error) if isinstance(error, PredictionError) else error
    text = format_exception_line(cause) if debug else UNHANDLED
    return ErrorDescription(HTTPStatus.INTERNAL_SERVER_ERROR, text)
