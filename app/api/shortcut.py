"""Answers good predictions before Flask; hands everything else on.

An answer is what the long way gives: the same body, headers and metrics, which
tests/api/test_shortcut.py compares call by call. The service is complete without this file.
"""

import time
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from flask import Flask

from app.api.browser import SECURITY_HEADERS, is_from_elsewhere
from app.api.predict import FAILURE
from app.batching import Row
from app.codec import decode
from app.errors import BusyError, NotReadyError, PredictionError
from app.metrics import PREDICT, Metrics
from app.model import Model

_JSON = ("Content-Type", "application/json")
_SECURITY = list(SECURITY_HEADERS.items())
# What only the long way understands, where a request has it.
_OTHER_HEADERS = ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING", "HTTP_X_FIELDS")

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class Shortcut:
    """The WSGI application in front of Flask's own, which is `long_way`."""

    def __init__(self, app: Flask, model: Model, metrics: Metrics) -> None:
        """Answer for `model`, by the settings of `app`."""
        self.long_way = app.wsgi_app
        self._model = model
        self._metrics = metrics
        self._longest = app.config["MAX_CONTENT_LENGTH"]
        self._guards = app.config["WTF_CSRF_ENABLED"]
        self._validates = app.config["RESTX_VALIDATE"]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or have it answered."""
        started = time.perf_counter()
        body = self._answer(environ) if self._takes(environ) else None
        if body is None:
            return self.long_way(environ, start_response)
        start_response("200 OK", [_JSON, ("Content-Length", str(len(body))), *_SECURITY])
        self._metrics.count(PREDICT, "POST", 200, time.perf_counter() - started)
        return [body]

    def _takes(self, environ: Environ) -> bool:
        """Tell from its head whether a request may be a good prediction."""
        get = environ.get
        length = get("CONTENT_LENGTH", "")
        return bool(
            environ["PATH_INFO"] == PREDICT
            and environ["REQUEST_METHOD"] == "POST"
            and get("CONTENT_TYPE") == "application/json"
            and length.isdecimal()
            and int(length) <= self._longest
            and not any(name in environ for name in _OTHER_HEADERS)
            and not (
                self._guards
                and is_from_elsewhere(
                    get("HTTP_SEC_FETCH_SITE"), get("HTTP_ORIGIN"), get("HTTP_HOST", "")
                )
            )
        )

    def _answer(self, environ: Environ) -> bytes | None:
        """Return the prediction as JSON; nothing where the long way is to answer."""
        try:
            with self._model.admit():
                row = self._read(environ)
                return None if row is None else self._model.answer(row)
        except (BusyError, NotReadyError):
            return None
        except PredictionError as error:
            environ[FAILURE] = error
            return None

    def _read(self, environ: Environ) -> Row | None:
        """Return the body as a row where it is valid, and leave it to be read once more."""
        stream = environ["wsgi.input"]
        length = int(environ["CONTENT_LENGTH"])
        try:
            body = stream.read(length)
        except Exception as error:  # noqa: BLE001 - the long way tells what came of it
            environ["wsgi.input"] = _Broken(error)
            return None
        environ["wsgi.input"] = BytesIO(body)
        if len(body) < length:
            return None
        try:
            row = decode(body)
        except ValueError:
            return None
        parameters = self._model.parameters
        if not self._validates:
            return row if isinstance(row, dict) else None
        return parameters.convert(row) if parameters.accepts(row) else None


class _Broken:
    """A body whose reading has failed, and fails again."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        raise self._error
