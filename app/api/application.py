"""The Flask application, as its routes and its server know it."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from app.api.paths import without_prefix
from app.api.predict import Predictions
from app.api.security import Origins
from app.config.settings import Settings
from app.observability.metrics import Metrics
from app.predictor.predictor import Predictor

_ROUTE = "ml_rest_api.route"  # in a request's environ


class Application(Flask):
    """A Flask application that serves one model.

    Attributes:
        settings: the service's.
        predictor: the model, to be started by the process that serves the application.
        predictions: what a server may call instead of the predictions' route.
        origins: whose pages may call.
        metrics: to be filled by the server.

    """

    def __init__(self, settings: Settings, predictor: Predictor, metrics: Metrics) -> None:
        """Create it without routes."""
        super().__init__("app", static_folder=None)
        self.settings = settings
        self.predictor = predictor
        self.predictions = Predictions(predictor, settings, metrics)
        self.origins = Origins(settings.CORS_ORIGINS)
        self.metrics = metrics

        @self.before_request
        def note_route() -> None:
            request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else None

    def wsgi_app(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer a request with or without ROOT_PATH; the documents always name it."""
        root = self.settings.root_path
        if root:
            environ["SCRIPT_NAME"] = root
            environ["PATH_INFO"] = without_prefix(environ["PATH_INFO"], root)
        return super().wsgi_app(environ, start_response)


def matched_route(environ: dict[str, Any]) -> str | None:
    """Return the rule of the route that has answered a request, if there was one."""
    route: str | None = environ.get(_ROUTE)
    return route
