"""The HTTP layer: it only translates, and hands everything on to the model."""

from typing import Any

import flask_restx
from flask import Blueprint, Flask, Response, redirect, url_for
from flask_restx.apidoc import apidoc
from flask_restx.swagger import Swagger

import app
from app.api.bodies import json_response
from app.api.errors import error_response
from app.api.health import health_namespace
from app.api.predict import model_namespace
from app.api.security import init_security, swagger_page
from app.predictor.predictor import Predictor


class Api(flask_restx.Api):
    """Flask-RESTX's Api, with our errors and a document that follows the model's parameters."""

    def __init__(self, blueprint: Blueprint, model: Predictor) -> None:
        """Describe and serve `model` under `blueprint`."""
        self._model = model
        super().__init__(
            blueprint,
            version=app.__version__,
            title="ml-rest-api",
            description="A trained model as a REST API",
            validate=False,
        )

    def handle_error(self, e: Exception) -> Response:
        """Return the one answer that the service has for `e`."""
        return error_response(e)

    @property
    def __schema__(self) -> dict[str, Any]:  # the name is Flask-RESTX's
        """The Swagger 2.0 document; made anew, as the parameters come with the model's module."""
        document: dict[str, Any] = Swagger(self).as_dict()
        parameters = self._model.parameters
        # The whole example too: Swagger UI would make up a text for a parameter of any type.
        document["definitions"]["input_vector"] = {
            **parameters.schema,
            "example": parameters.sample,
        }
        del document["responses"]  # of errors that Flask-RESTX would answer in its own way
        return document


def register_api(flask_app: Flask, model: Predictor) -> None:
    """Serve `model` under `/api` of `flask_app`."""
    flask_app.extensions["restx"] = {"apidoc_registered": True}
    flask_app.register_blueprint(apidoc, url_prefix="/api")  # an ingress need only route /api
    blueprint = Blueprint("api", __name__, url_prefix="/api", template_folder="templates")
    api = Api(blueprint, model)
    api.representation("application/json")(json_response)
    api.documentation(lambda: swagger_page(api))
    api.add_namespace(health_namespace(model))
    api.add_namespace(model_namespace(model))
    init_security(flask_app)
    flask_app.register_error_handler(Exception, error_response)
    flask_app.register_blueprint(blueprint)
    # A path alone: behind a proxy, host and scheme are the caller's to know.
    flask_app.add_url_rule("/api", "page", lambda: redirect(url_for("api.doc"), 308))
