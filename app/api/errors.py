"""The one response to each error: JSON with a `message`, and `errors` for an invalid body."""

import difflib
import logging
from http import HTTPStatus

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.api.bodies import json_response
from app.codec import JsonValue
from app.errors import InvalidInputError, PredictionError, RequestError

_log = logging.getLogger(__name__)


def error_response(error: Exception) -> Response:
    """Return the response to an exception that ended a request."""
    if isinstance(error, HTTPException):
        return _http_error(error)
    if isinstance(error, RequestError) and not isinstance(error, PredictionError):
        headers = {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}
        errors = {"errors": error.errors} if isinstance(error, InvalidInputError) else {}
        return _message(error.status, str(error), headers, **errors)
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
    return _message(status, message, headers)


def _close_paths() -> str:
    paths = [rule.rule for rule in current_app.url_map.iter_rules() if not rule.arguments]
    close = difflib.get_close_matches(request.path, paths)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _message(
    status: int,
    message: str,
    headers: dict[str, str] | None = None,
    **more: JsonValue,
) -> Response:
    return json_response({**more, "message": message}, status, headers)
