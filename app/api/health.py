"""Liveness and readiness, for Kubernetes' probes and for people."""

from http import HTTPStatus

from flask_restx import Namespace, Resource, fields

from app.codec import JsonValue
from app.predictor.predictor import Predictor
from app.predictor.state import State


def health_namespace(predictor: Predictor) -> Namespace:
    """Return the namespace with `/liveness` and `/readiness`."""
    namespace = Namespace("health", "Liveness of the service, readiness of the model", path="/")
    liveness = namespace.model("liveness", {"Alive": fields.Boolean(required=True, example=True)})
    readiness = namespace.model(
        "readiness",
        {
            "Ready": fields.Boolean(required=True, example=True),
            "state": fields.String(required=True, enum=[state.value for state in State]),
            "since": fields.DateTime(required=True, description="start of the state"),
            "reason": fields.String(description="why the model failed to load"),
        },
    )

    @namespace.route("/liveness")
    class HealthLiveness(Resource):
        @namespace.response(HTTPStatus.OK, "The process is alive", liveness)
        def get(self) -> dict[str, bool]:
            """Liveness probe: independent of the model."""
            return {"Alive": True}

    @namespace.route("/readiness")
    class HealthReadiness(Resource):
        @namespace.response(
            HTTPStatus.SERVICE_UNAVAILABLE, "Not ready: loading, failed or draining", readiness
        )
        @namespace.response(HTTPStatus.OK, "Ready for predictions", readiness)
        def get(self) -> tuple[dict[str, JsonValue], HTTPStatus]:
            """Readiness probe: whether the model is ready for predictions, or why it is not."""
            status = predictor.status
            ready = status.state is State.READY
            body = {
                "Ready": ready,
                "state": status.state.value,
                "since": status.since,
            }
            if status.reason:
                body["reason"] = status.reason
            return body, HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE

    return namespace
