"""One JSON answer for everything that goes wrong: `{"message": …}`, with more keys for a 400."""

import difflib
import logging
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed

from app.api.bodies import json_response
from app.errors import BusyError, NotReadyError, PredictionError

_log = logging.getLogger(__name__)

# Seconds after which a caller may try again. A busy moment passes, a load takes longer.
_RETRY_AFTER = {BusyError: "1", NotReadyError: "5"}


class InvalidInputError(BadRequest):
    """A body does not fit the model's parameters."""

    def __init__(self, errors: dict[str, str]) -> None:
        """Refuse a body for its `errors`, parameter to message."""
        super().__init__("Input payload validation failed")
        self.errors = errors


def error_response(error: Exception) -> Response:
    """Return the response to an exception that a request ended with."""
    if isinstance(error, BusyError | NotReadyError):
        retry = {"Retry-After": _RETRY_AFTER[type(error)]}
        return _message(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers=retry)
    if isinstance(error, InvalidInputError):
        return _message(HTTPStatus.BAD_REQUEST, error.description, errors=error.errors)
    if isinstance(error, HTTPException):
        return _http_error(error)
    cause = error.__cause__ if isinstance(error, PredictionError) else error
    _log.error("%s %s: %s", request.method, request.path, error, exc_info=cause)
    text = str(cause) or type(cause).__name__
    debug = current_app.config["FLASK_DEBUG"]
    return _message(
        HTTPStatus.INTERNAL_SERVER_ERROR, text if debug else "An unhandled exception occurred"
    )


def _http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    message = error.description or error.name
    headers = {}
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        headers["Allow"] = ", ".join(sorted(error.valid_methods))
    if status == HTTPStatus.NOT_FOUND and current_app.config["RESTX_ERROR_404_HELP"]:
        message += _close_paths()
    return _message(status, message, headers=headers)


def _close_paths() -> str:
    paths = [rule.rule for rule in current_app.url_map.iter_rules() if not rule.arguments]
    close = difflib.get_close_matches(request.path, paths)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _message(
    status: int,
    message: str | None,
    *,
    headers: dict[str, str] | None = None,
    **more: Any,  # noqa: ANN401 - any JSON value
) -> Response:
    return json_response({**more, "message": message}, status, headers)
