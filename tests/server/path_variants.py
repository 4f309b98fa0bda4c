"""Applications for gunicorn that have only one of the two request paths of a prediction."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from app.api.paths import PREDICT
from app.config.settings import Settings
from app.factory import create_app


def full_path_only() -> Flask:
    """Return an application without the shortcut."""
    app = create_app(Settings.from_environ())
    del app.extensions["shortcut"]
    return app


def shortcut_only() -> Flask:
    """Return an application that responds with 501 to predictions outside the shortcut."""
    app = create_app(Settings.from_environ())
    flask = app.wsgi_app

    def reject_predictions(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PREDICT:
            return flask(environ, start_response)
        start_response("501 Not Implemented", [("Content-Length", "0")])
        return []

    app.wsgi_app = reject_predictions  # type: ignore[method-assign]
    return app
