"""A row that the model refuses: `run()` or `run_batch()` raises a 4xx of werkzeug's.

`flask.abort(422, "…")` and `flask_restx.abort(422, "…")` raise one; others are in
werkzeug.exceptions (https://werkzeug.palletsprojects.com/en/stable/exceptions/).
"""

import contextlib
from pathlib import Path

from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from app.errors import RefusedError
from app.predictor.module import first_line, user_frame
from app.text import escape_surrogates, truncate

_CODES = range(400, 500)
_SECONDS = range(2**31)  # of a Retry-After
_MAX_DESCRIPTION = 10_000


def refusal(file: Path, function: str, error: BaseException) -> RefusedError | None:
    """Return the refusal that an exception means; None where it means that the model failed.

    Args:
        file: the model module.
        function: raised the exception.
        error: the exception.

    """
    with contextlib.suppress(BaseException):  # its attributes come from the user's code
        if isinstance(error, HTTPException) and (status := int(error.code or 0)) in _CODES:
            name = HTTP_STATUS_CODES.get(status, "Unknown Error")
            description = _description(error)
            text = name if description is None else escape_surrogates(str(description))
            reason = f"{function} refused a row at {user_frame(file, error)}: {status} {name}"
            return RefusedError(
                f"{reason}: {first_line(text)}",
                reason,
                status,
                truncate(text, _MAX_DESCRIPTION),
                _seconds(getattr(error, "retry_after", None)),
            )
    return None


def _description(error: HTTPException) -> object:
    """Return the text for the client; flask_restx.abort() has it in `data`."""
    data = getattr(error, "data", None)
    return data["message"] if isinstance(data, dict) and "message" in data else error.description


def _seconds(retry_after: object) -> int | None:
    if isinstance(retry_after, int) and retry_after in _SECONDS:
        return int(retry_after)
    return None  # a date, where there is one
