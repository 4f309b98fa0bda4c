"""`POST /api/model/predict_batch`: many rows in one call."""

from http import HTTPStatus

from flask import Response as FlaskResponse
from flask_restx import Namespace, Resource
from werkzeug.exceptions import BadRequest

from app.api.application import Application
from app.api.bodies import check_json_type, decode_json
from app.api.documented_responses import document_responses
from app.api.endpoints import Endpoint, Head, Job
from app.api.paths import PREDICT_BATCH
from app.api.responses import describe_error
from app.codec import JsonValue, encode
from app.errors import InvalidInputError, RequestError
from app.predictor.call import Outcome
from app.predictor.validation import MAX_ERRORS

_FORM = 'send {"rows": [{…}, …]}, perhaps with "partial": true'


class PredictBatchEndpoint(Endpoint):
    """Takes a JSON object with the rows."""

    rule = PREDICT_BATCH

    def __init__(self, *, debug: bool) -> None:
        """Tell exceptions' texts if `debug`."""
        self._debug = debug

    def check_head(self, head: Head) -> None:
        """Check that the body is JSON."""
        check_json_type(head.content_type)

    def parse(self, content: bytes, head: Head) -> Job:  # noqa: ARG002 - of other endpoints
        """Take the rows, and whether each is to be answered for itself."""
        value = decode_json(content)
        if not isinstance(value, dict) or not isinstance(value.get("rows"), list):
            raise BadRequest(f"The body has no list of rows: {_FORM}")
        is_partial = value.get("partial", False)
        if not isinstance(is_partial, bool):
            raise BadRequest(f"'partial' is neither true nor false: {_FORM}")
        return Job(value["rows"], respond, self._respond_partially if is_partial else None)

    def _respond_partially(self, outcomes: list[Outcome]) -> bytes:
        failed = [(row, it) for row, it in enumerate(outcomes) if isinstance(it, RequestError)]
        errors = {str(row): self._errors(error) for row, error in failed[:MAX_ERRORS]}
        predictions = [it if isinstance(it, bytes) else b"null" for it in outcomes]
        more: dict[str, JsonValue] = {"errors": errors}
        shown, total = sum(map(len, errors.values())), sum(_number(it) for _, it in failed)
        if shown < total:
            more["message"] = f"{shown} of {total} errors shown"
        return b'{"predictions":[%b],%b' % (b",".join(predictions), encode(more)[1:])

    def _errors(self, error: RequestError) -> dict[str, str]:
        description = describe_error(error, debug=self._debug)
        return dict(description.errors) or {"": description.message}


def _number(error: RequestError) -> int:
    return error.total if isinstance(error, InvalidInputError) else 1


def respond(predictions: bytes) -> bytes:
    """Return an object with all predictions, as several protocols have it."""
    return b'{"predictions":%b}' % predictions


def add_predict_batch(namespace: Namespace, app: Application) -> None:
    """Add `/predict_batch` to the namespace of the model."""
    endpoint = PredictBatchEndpoint(debug=app.settings.FLASK_DEBUG)
    app.add_endpoint(endpoint, has_route=True)
    request_body = namespace.schema_model("rows", {})  # see model.py
    response_body = namespace.schema_model("predictions", {})

    @namespace.route("/predict_batch")
    class ModelPredictBatch(Resource):
        @namespace.expect(request_body, validate=False)
        @namespace.response(
            HTTPStatus.OK, "The predictions, in the order of the rows", response_body
        )
        @document_responses(namespace, has_rows=True)
        def post(self) -> FlaskResponse:
            """Predict many rows of parameters in one call."""
            return app.predictions.respond_to_flask(endpoint).to_flask()
