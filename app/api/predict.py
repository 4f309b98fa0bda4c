"""`POST /api/model/predict`: a request becomes a row, the prediction a response."""

from contextvars import ContextVar
from http import HTTPStatus

from flask import Response, current_app, request
from flask_restx import Namespace, Resource
from flask_restx.mask import Mask, MaskError
from werkzeug.exceptions import BadRequest

from app.api.bodies import read_json
from app.codec import Row, decode, encode
from app.errors import InvalidInputError, PredictionError
from app.predictor.parameters import ANY_OBJECT, Parameters
from app.predictor.predictor import Predictor

# The error of the prediction that server/shortcut.py has made for this thread's request.
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
            "description": "parameter to validation error",
            "additionalProperties": {"type": "string"},
        },
    },
    "required": ["message"],
}


def set_failed_prediction(failure: PredictionError | None) -> None:
    """Let this thread's request for a prediction end with `failure`, if there is one."""
    _failure.set(failure)


def model_namespace(predictor: Predictor) -> Namespace:
    """Return the namespace with `/model/predict`."""
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
        @namespace.response(HTTPStatus.BAD_REQUEST, "The body is not valid", input_error)
        @namespace.response(HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time", error)
        @namespace.response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large", error)
        @namespace.response(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Content-Type is not application/json", error
        )
        @namespace.response(HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed", error)
        @namespace.response(
            HTTPStatus.SERVICE_UNAVAILABLE, "Not ready, or busy", error, **retry_after
        )
        def post(self) -> Response:
            """Predict one row of parameters."""
            if failure := _failure.get():
                raise failure
            with predictor.acquire() as model:
                body = model.predict_json(_read_row(model.parameters))
            return Response(_masked(body), content_type="application/json")

    return namespace


def _read_row(parameters: Parameters) -> Row:
    """Return the request's body as a row for the model.

    Raises:
        InvalidInputError: it is not an object, or does not fit the parameters.

    """
    body = read_json(request)
    if not current_app.config["RESTX_VALIDATE"]:
        if not isinstance(body, dict):
            raise InvalidInputError(ANY_OBJECT.validate(body))
        return body
    if not parameters.is_valid(body):
        raise InvalidInputError(parameters.validate(body))
    return parameters.convert(body)


def _masked(body: bytes) -> bytes:
    """Return the fields of a JSON object that X-Fields names, with RESTX_MASK_SWAGGER on.

    Raises:
        BadRequest: X-Fields is not a mask, or the body has no fields.

    """
    fields = request.headers.get("X-Fields")
    if not fields or not current_app.config["RESTX_MASK_SWAGGER"]:
        return body
    try:
        return encode(Mask(fields, skip=True).apply(decode(body)))
    except MaskError as error:
        raise BadRequest(f"X-Fields is not valid: {error}") from None
    except (AttributeError, TypeError):  # Flask-RESTX assumes a dict
        raise BadRequest("X-Fields asks for fields of a value that has none") from None
