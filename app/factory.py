"""Builds the application from its settings."""

import dataclasses
import secrets

from app.api.application import Application
from app.api.blueprint import register_api
from app.api.invocations import register_invocations
from app.api.metrics import register_metrics
from app.api.v1 import register_v1
from app.api.v2 import register_v2
from app.config.settings import Settings
from app.observability.metrics import Metrics
from app.predictor.gauges import publish_gauges
from app.predictor.predictor import Predictor

_PROTOCOLS = {"v1": register_v1, "v2": register_v2, "invocations": register_invocations}


def create_app(settings: Settings) -> Application:
    """Return the application; its predictor has still to be started."""
    metrics = Metrics(several_processes=settings.WORKERS > 1)
    predictor = Predictor(settings, metrics.shared)
    publish_gauges(predictor, metrics, settings.MAX_PENDING * settings.WORKERS)
    app = Application(settings, predictor, metrics)
    app.url_map.merge_slashes = False  # "//" is another path, and redirects to none
    app.debug = False  # Flask would read FLASK_DEBUG itself, and take "off" for true
    config = dataclasses.asdict(settings)
    # Flask-RESTX deprecates the contract's name of this setting in favour of its own.
    config["RESTX_ERROR_404_HELP"] = config.pop("ERROR_404_HELP")
    config["SECRET_KEY"] = settings.SECRET_KEY or secrets.token_hex()
    app.config.from_mapping(config, WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=False)
    register_metrics(app, metrics)
    register_api(app)
    for protocol in settings.protocols:
        _PROTOCOLS[protocol](app)
    return app
