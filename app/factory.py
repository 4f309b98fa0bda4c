"""Builds the application from its settings."""

import dataclasses
import secrets

from flask import Flask

from app.api import register_api
from app.config.settings import Settings
from app.observability.metrics import Metrics, register_metrics
from app.predictor.predictor import Predictor
from app.server.shortcut import Shortcut


def create_app(settings: Settings) -> Flask:
    """Return the application; its model, `extensions["model"]`, is still to be started."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # "//" is another path, not worth a redirect
    app.debug = False  # Flask would read FLASK_DEBUG itself, "off" as true
    config = dataclasses.asdict(settings)
    # Flask-RESTX warns about the old name that the contract has, and wants this one.
    config["RESTX_ERROR_404_HELP"] = config.pop("ERROR_404_HELP")
    config["SECRET_KEY"] = settings.SECRET_KEY or secrets.token_hex()
    app.config.from_mapping(config, WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_SSL_STRICT=False)
    model = Predictor(settings)
    app.extensions["model"] = model
    metrics = Metrics(model, several_processes=settings.WORKERS > 1)
    register_metrics(app, metrics)
    register_api(app, model)
    app.extensions["shortcut"] = Shortcut(app.config, model, metrics)
    return app
