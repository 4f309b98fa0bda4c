"""The blueprint under `/api`: its routes, its errors, its documents and their page."""

from collections.abc import Mapping

import flask_restx
from flask import Blueprint, redirect, url_for
from flask import Response as FlaskResponse
from flask_restx import Namespace
from flask_restx.apidoc import apidoc
from flask_restx.swagger import Swagger

from app.api.application import Application
from app.api.errors import handle_error
from app.api.health import health_namespace
from app.api.model import add_model, info_of, schemas_of
from app.api.openapi import to_openapi
from app.api.predict import add_predict
from app.api.predict_batch import add_predict_batch
from app.api.responses import Response
from app.api.schemas import to_swagger
from app.api.security import init_security
from app.api.swagger_page import swagger_page
from app.codec import JsonValue, encode
from app.predictor.predictor import Predictor


class Api(flask_restx.Api):
    """Flask-RESTX's Api, with our errors, and documents of the model's own types."""

    def __init__(self, blueprint: Blueprint, predictor: Predictor) -> None:
        """Describe and serve `predictor` under `blueprint`."""
        self._predictor = predictor
        super().__init__(blueprint, validate=False)

    def handle_error(self, e: Exception) -> FlaskResponse:
        """Return the response to an exception, instead of Flask-RESTX's own."""
        return handle_error(e)

    @property
    def __schema__(self) -> dict[str, JsonValue]:  # the name is Flask-RESTX's
        """The Swagger 2.0 document; built per request, as a load changes what is known."""
        document = self._document()
        schemas = document["definitions"]
        return {**document, "definitions": {it: to_swagger(schemas[it]) for it in schemas}}

    def openapi(self) -> dict[str, JsonValue]:
        """Return the OpenAPI 3.1 document."""
        return to_openapi(self._document())

    def _document(self) -> dict[str, JsonValue]:
        """Return a Swagger 2.0 document, but for its definitions, which the renderings expect."""
        document: dict[str, JsonValue] = Swagger(self).as_dict()
        document["info"] = info_of(self._predictor)
        document["definitions"].update(schemas_of(self._predictor))
        del document["responses"]  # of Flask-RESTX's own error handlers, which are not in use
        return document


def register_api(flask_app: Application) -> None:
    """Serve the predictor of `flask_app` under `/api`."""
    predictor = flask_app.predictor
    flask_app.extensions["restx"] = {"apidoc_registered": True}
    # The assets under /api too, so that an ingress has to route that path alone.
    flask_app.register_blueprint(apidoc, url_prefix="/api")
    blueprint = Blueprint(
        "api", __name__, url_prefix="/api", template_folder="templates", static_folder="static"
    )
    api = Api(blueprint, predictor)
    api.representation("application/json")(_json)
    api.documentation(lambda: swagger_page(api, info_of(predictor)))
    api.add_namespace(health_namespace(predictor))
    model = Namespace("model", "The trained model")
    add_predict(model, flask_app)
    add_predict_batch(model, flask_app)
    add_model(model, predictor)
    api.add_namespace(model)
    blueprint.add_url_rule("/openapi.json", "openapi", lambda: _json(api.openapi(), 200, None))
    init_security(flask_app, flask_app.origins)
    flask_app.register_error_handler(Exception, handle_error)
    flask_app.register_blueprint(blueprint)
    # A path without a host: behind a proxy, the service does not know the caller's.
    for path in ("/", "/api"):
        flask_app.add_url_rule(path, f"page {path}", lambda: redirect(url_for("api.doc"), 308))


def _json(value: JsonValue, status: int, headers: Mapping[str, str] | None) -> FlaskResponse:
    return Response(status, encode(value), headers or {}).to_flask()
