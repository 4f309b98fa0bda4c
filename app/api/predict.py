"""`POST /api/model/predict`: a request becomes a row, the prediction a response.

`Predictions` is the one implementation. The server's event loop calls it, and so does the
Flask-RESTX resource, which other WSGI servers and Flask's test client reach.
"""

import threading
from collections.abc import Callable
from http import HTTPStatus

from flask import Response as FlaskResponse
from flask import current_app, request
from flask_restx import Namespace, Resource
from flask_restx.mask import Mask, MaskError
from werkzeug.exceptions import BadRequest

from app.api.bodies import Bodies
from app.api.responses import Response, error_response
from app.codec import Row, decode, encode
from app.config.settings import Settings
from app.errors import TimedOutError
from app.observability.metrics import Metrics
from app.observability.request_ids import current_request_ids, request_id
from app.predictor.calls import Call
from app.predictor.parameters import ANY_OBJECT
from app.predictor.predictor import Predictor

_OK = int(HTTPStatus.OK)  # once: hashing a member of an enum takes a call

__all__ = ["Call", "Predictions", "model_namespace"]

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


class Predictions:
    """Predictions, from a request's parts to a response."""

    def __init__(self, predictor: Predictor, settings: Settings, metrics: Metrics) -> None:
        """Ask `predictor`, and count in `metrics` which rows are refused."""
        self.bodies = Bodies(settings.MAX_CONTENT_LENGTH)
        self.timeout = settings.PREDICT_TIMEOUT or None  # seconds
        self._metrics = metrics
        self._predictor = predictor
        self._validates = settings.RESTX_VALIDATE
        self._debug = settings.FLASK_DEBUG

    def check_head(self, content_type: str, encoding: str, length: int | None) -> None:
        """Check a request before its body is read; the arguments are those of `Bodies`.

        Raises:
            UnavailableError: no prediction could start now.
            HTTPException: the body is not one that is read.

        """
        self._predictor.check_capacity()
        self.bodies.check_head(content_type, encoding, length)

    def start(
        self, body: bytes, encoding: str, request_id: str, on_done: Callable[[Call], None]
    ) -> Call:
        """Read a complete body as a row, and let it wait for its prediction.

        Args:
            body: as it was sent.
            encoding: its Content-Encoding.
            request_id: of the request.
            on_done: called with the call once it has a result or an error, in any thread.

        Raises:
            RequestError: the row is not valid, or there is no place for it.
            HTTPException: the body is not JSON.

        """
        call = Call(self._read_row(body, encoding), request_id, on_done)
        self._predictor.submit(call)
        return call

    def notify(self) -> None:
        """Let the model take the rows that have come."""
        self._predictor.calls.notify()

    def cancel(self, call: Call) -> None:
        """Forget a call whose caller has gone; one that runs keeps its place until it ends."""
        self._predictor.calls.cancel(call)

    def response(self, call: Call) -> Response:
        """Return the response to a call that is done."""
        if call.error is not None:
            if call.error.refusal:
                self._metrics.count_refusal(call.error.refusal)
            return error_response(call.error, debug=self._debug)
        return Response(_OK, call.result)

    def error_response(self, error: BaseException) -> Response:
        """Return the response to a request that did not become a call."""
        return error_response(error, debug=self._debug)

    def wait(self, body: bytes, encoding: str) -> Response:
        """Return the response to a complete body, once its prediction is made.

        Raises:
            RequestError, HTTPException: as `start`, or it took longer than PREDICT_TIMEOUT.

        """
        done = threading.Event()
        ids = current_request_ids.get() or (request_id(b"", b""),)
        call = self.start(body, encoding, ids[0], lambda _call: done.set())
        self.notify()
        if not done.wait(self.timeout):
            self.cancel(call)
            raise TimedOutError
        return self.response(call)

    def _read_row(self, body: bytes, encoding: str) -> Row:
        value = self.bodies.decode(body, encoding)
        parameters = self._predictor.parameters
        if parameters.is_valid(value):
            return parameters.convert(value)
        if self._validates:
            raise parameters.validate(value)
        if not isinstance(value, dict):
            raise ANY_OBJECT.validate(value)
        return value


def model_namespace(predictions: Predictions) -> Namespace:
    """Return the namespace with `/model/predict`."""
    namespace = Namespace("model", "The trained model")
    input_vector, prediction = (  # see model.py
        namespace.schema_model(name, {}) for name in ("input_vector", "prediction")
    )
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
        @namespace.response(HTTPStatus.GATEWAY_TIMEOUT, "The prediction took too long", error)
        @namespace.response("default", "The model rejects the row, with a 4xx of its own", error)
        def post(self) -> FlaskResponse:
            """Predict one row of parameters."""
            headers = request.headers
            encoding = headers.get("Content-Encoding", "")
            predictions.check_head(
                headers.get("Content-Type", ""), encoding, request.content_length
            )
            return _masked(predictions.wait(request.get_data(cache=False), encoding)).to_flask()

    return namespace


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
