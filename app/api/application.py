"""The Flask application, as its routes and its server know it."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, request
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException

from app.api.endpoints import Endpoint
from app.api.paths import PROBES, without_prefix
from app.api.predictions import Predictions
from app.api.security import Origins
from app.config.settings import Settings
from app.observability.metrics import Metrics
from app.observability.traces import Tracer
from app.predictor.predictor import Predictor

_ROUTE = "ml_rest_api.route"  # in a request's environ


class Application(Flask):
    """A Flask application that serves one model.

    Attributes:
        settings: the service's.
        predictor: the model, to be started by the process that serves the application.
        predictions: what a server may call instead of the route of an endpoint.
        endpoints: the paths that predict, by their rules.
        find_endpoint: returns the endpoint of a path to which is posted, and the variable parts
            of the path; None where there is none.
        probes: the paths of probes, whose 503 is a state and no error.
        origins: whose pages may call.
        metrics: to be filled by the server.
        tracer: traces requests; None where that is off.

    """

    def __init__(self, settings: Settings, predictor: Predictor, metrics: Metrics) -> None:
        """Create it without routes."""
        super().__init__("app", static_folder=None)
        self.settings = settings
        self.predictor = predictor
        self.predictions = Predictions(predictor, settings, metrics)
        self.endpoints: dict[str, Endpoint] = {}
        self.probes = set(PROBES)
        self.find_endpoint = lru_cache(256)(self._find_endpoint)
        self.origins = Origins(settings.CORS_ORIGINS)
        self.metrics = metrics
        self.tracer: Tracer | None = None

        @self.before_request
        def note_route() -> None:
            request.environ[_ROUTE] = request.url_rule.rule if request.url_rule else None

    @property
    def model_version(self) -> str | None:
        """The value of X-Model-Version, which every response has; None where there is none."""
        model = self.predictor.model
        return model.version_header if model else None

    def add_endpoint(self, endpoint: Endpoint, *, has_route: bool = False) -> None:
        """Serve an endpoint.

        Args:
            endpoint: what is served.
            has_route: whether its rule has a route that calls it.

        """
        self.endpoints[endpoint.rule] = endpoint
        if not has_route:

            def respond(**arguments: str) -> FlaskResponse:
                return self.predictions.respond_to_flask(endpoint, **arguments).to_flask()

            self.add_url_rule(endpoint.rule, endpoint.rule, respond, methods=["POST"])

    def _find_endpoint(self, path: str) -> tuple[Endpoint, Mapping[str, str]] | None:
        try:
            text = path.encode("latin-1").decode()
            rule, arguments = self.url_map.bind("").match(text, "POST", return_rule=True)
        except (HTTPException, UnicodeError):
            return None
        endpoint = self.endpoints.get(rule.rule)
        return (endpoint, arguments) if endpoint else None

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
