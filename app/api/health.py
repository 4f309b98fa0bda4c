"""Liveness and readiness, for Kubernetes' probes and for people."""

from http import HTTPStatus
from typing import Any

from flask_restx import Namespace, Resource, fields

from app.predictor.predictor import Predictor, State


def health_namespace(model: Predictor) -> Namespace:
    """Return the namespace with `/liveness` and `/readiness` of `model`."""
    namespace = Namespace("health", "Is the service there, is the model ready", path="/")
    liveness = namespace.model("liveness", {"Alive": fields.Boolean(required=True, example=True)})
    readiness = namespace.model(
        "readiness",
        {
            "Ready": fields.Boolean(required=True, example=True),
            "state": fields.String(required=True, enum=[state.value for state in State]),
            "since": fields.DateTime(required=True, description="when the state began"),
            "reason": fields.String(description="why the model failed to load"),
        },
    )

    @namespace.route("/liveness")
    class HealthLiveness(Resource):
        @namespace.response(HTTPStatus.OK, "The process answers", liveness)
        def get(self) -> dict[str, bool]:
            """Tell that the process is alive, whatever the model does."""
            return {"Alive": True}

    @namespace.route("/readiness")
    class HealthReadiness(Resource):
        @namespace.response(
            HTTPStatus.SERVICE_UNAVAILABLE, "No prediction yet, or no more", readiness
        )
        @namespace.response(HTTPStatus.OK, "Predictions are answered", readiness)
        def get(self) -> tuple[dict[str, Any], HTTPStatus]:
            """Tell whether the model is ready to predict and, if not, why."""
            status = model.status
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
