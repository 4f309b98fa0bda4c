"""`POST /api/model/predict`: one row, and what `run()` returns for it."""

from http import HTTPStatus

from flask import Response as FlaskResponse
from flask import current_app, request
from flask_restx import Namespace, Resource
from flask_restx.mask import Mask, MaskError
from werkzeug.exceptions import BadRequest

from app.api.application import Application
from app.api.bodies import check_json_type, decode_json
from app.api.documented_responses import document_responses
from app.api.endpoints import Endpoint, Head, Job
from app.api.paths import PREDICT
from app.api.responses import Response
from app.codec import decode, encode


class PredictEndpoint(Endpoint):
    """Takes a JSON object, the row itself."""

    rule = PREDICT
    is_single = True

    def check_head(self, head: Head) -> None:
        """Check that the body is JSON."""
        check_json_type(head.content_type)

    def parse(self, content: bytes, head: Head) -> Job:  # noqa: ARG002 - of other endpoints
        """Take the value as the row."""
        return Job([decode_json(content)], _only)


def _only(predictions: bytes) -> bytes:
    return predictions[1:-1]


def add_predict(namespace: Namespace, app: Application) -> None:
    """Add `/predict` to the namespace of the model."""
    endpoint = PredictEndpoint()
    app.add_endpoint(endpoint, has_route=True)
    input_vector, prediction = (  # see model.py
        namespace.schema_model(name, {}) for name in ("input_vector", "prediction")
    )

    @namespace.route("/predict")
    class ModelPredict(Resource):
        @namespace.doc(__mask__=True)
        @namespace.expect(input_vector, validate=False)
        @namespace.response(HTTPStatus.OK, "The prediction", prediction)
        @document_responses(namespace)
        def post(self) -> FlaskResponse:
            """Predict one row of parameters."""
            return _masked(app.predictions.respond_to_flask(endpoint)).to_flask()


def _masked(response: Response) -> Response:
    """Return the fields of a JSON object that X-Fields names, with RESTX_MASK_SWAGGER on.

    Raises:
        BadRequest: X-Fields is not a mask, or the body has no fields.

    """
    fields = request.headers.get("X-Fields")
    if (
        not fields
        or not current_app.config["RESTX_MASK_SWAGGER"]
        or response.status != HTTPStatus.OK
    ):
        return response
    try:
        value = Mask(fields, skip=True).apply(decode(response.body))
    except MaskError as error:
        raise BadRequest(f"X-Fields is not valid: {error}") from None
    except (AttributeError, TypeError):  # Flask-RESTX assumes a dict
        raise BadRequest("X-Fields asks for fields of a value that has none") from None
    return Response(response.status, encode(value))
