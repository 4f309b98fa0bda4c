"""Predictions: an HTTP request becomes a row, the model's result an HTTP response."""

from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from flask_restx import Namespace, Resource
from flask_restx.mask import Mask, MaskError
from werkzeug.exceptions import BadRequest

from app.api.bodies import read_json
from app.api.errors import InvalidInputError
from app.codec import decode, encode
from app.errors import PredictionError
from app.predictor.predictor import Predictor

# What the prediction failed with that was made for this thread's request before it came here.
_failure: ContextVar[PredictionError | None] = ContextVar("failure", default=None)

_ERROR = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_INPUT_ERROR = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "parameter to what is wrong with it",
            "additionalProperties": {"type": "string"},
        },
    },
    "required": ["message"],
}


def set_failed_prediction(failure: PredictionError | None) -> None:
    """Have this thread's request for a prediction answered with `failure`, if there is one."""
    _failure.set(failure)


def model_namespace(model: Predictor) -> Namespace:
    """Return the namespace with `/model/predict` of `model`."""
    namespace = Namespace("model", "The trained model")
    input_vector = namespace.schema_model("input_vector", {})  # see Api.__schema__
    prediction = namespace.schema_model("prediction", {"description": "what run() returned"})
    error = namespace.schema_model("error", _ERROR)
    input_error = namespace.schema_model("input_error", _INPUT_ERROR)
    retry_after = {"headers": {"Retry-After": {"description": "seconds", "type": "integer"}}}

    @namespace.route("/predict")
    class ModelPredict(Resource):
        @namespace.doc(__mask__=True)
        @namespace.expect(input_vector, validate=False)
        @namespace.response(HTTPStatus.OK, "The prediction", prediction)
        @namespace.response(HTTPStatus.BAD_REQUEST, "The body does not fit", input_error)
        @namespace.response(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive", error)
        @namespace.response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", error)
        @namespace.response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is no JSON", error)
        @namespace.response(HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed", error)
        @namespace.response(
            HTTPStatus.SERVICE_UNAVAILABLE, "Not ready, or too busy", error, **retry_after
        )
        def post(self) -> Response:
            """Predict from one object of parameters."""
            if failure := _failure.get():
                raise failure
            with model.acquire():
                body = model.predict_json(_read_row(model))
            return Response(_masked(body), content_type="application/json")

    return namespace


def _read_row(model: Predictor) -> dict[str, Any]:
    """Return the request's body as a row for the model.

    Raises:
        InvalidInputError: it is no object, or does not fit the parameters.

    """
    body = read_json(request)
    parameters = model.parameters
    if not current_app.config["RESTX_VALIDATE"]:
        if not isinstance(body, dict):
            raise InvalidInputError(type(parameters)({}).check(body))
        return body
    if errors := parameters.check(body):
        raise InvalidInputError(errors)
    return parameters.convert(body)


def _masked(body: bytes) -> bytes:
    """Return those fields of a JSON object that X-Fields names, where the document offers it.

    Raises:
        BadRequest: X-Fields is no mask, or the body has no fields.

    """
    fields = request.headers.get("X-Fields")
    if not fields or not current_app.config["RESTX_MASK_SWAGGER"]:
        return body
    try:
        return encode(Mask(fields, skip=True).apply(decode(body)))
    except MaskError as error:
        raise BadRequest(f"X-Fields is not valid: {error}") from None
    except (AttributeError, TypeError):  # Flask-RESTX takes everything for a dict
        raise BadRequest("X-Fields asks for fields of a value that has none") from None
