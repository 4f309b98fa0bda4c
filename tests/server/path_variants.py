"""The application with one of its two ways to answer a prediction, for gunicorn to serve."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

from app.config.settings import Settings
from app.factory import create_app
from app.observability.metrics import PREDICT


def only_the_long_way() -> Flask:
    """Return an application without the shortcut."""
    app = create_app(Settings.from_environ())
    del app.extensions["shortcut"]
    return app


def only_the_shortcut() -> Flask:
    """Return an application that answers 501 to predictions that do not take the shortcut."""
    app = create_app(Settings.from_environ())
    flask = app.wsgi_app

    def others(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PREDICT:
            return flask(environ, start_response)
        start_response("501 Not Implemented", [("Content-Length", "0")])
        return []

    app.wsgi_app = others  # type: ignore[method-assign]
    return app
