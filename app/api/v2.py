"""The Open Inference Protocol V2 over REST, which KServe, Triton and MLServer have too.

https://github.com/kserve/open-inference-protocol
"""

from collections.abc import Callable
from functools import partial

from flask import Response as FlaskResponse

import app as package
from app.api.application import Application
from app.api.endpoints import Head, check_model, check_ready
from app.api.responses import respond_ok
from app.api.v2_infer import Infer
from app.api.v2_types import output_schemas, tensor_metadata
from app.codec import JsonValue
from app.predictor.predictor import Predictor


def register_v2(app: Application) -> None:
    """Add the routes of the protocol to an application."""
    predictor = app.predictor

    def server() -> JsonValue:
        # Not "binary_tensor_data": that says that outputs may be binary too.
        return {"name": "ml-rest-api", "version": package.__version__, "extensions": []}

    def live() -> JsonValue:
        return {"live": True}

    def ready() -> JsonValue:
        check_ready(predictor)
        return {"ready": True}

    def models() -> JsonValue:
        return {"models": [predictor.name] if predictor.name else []}

    def model(**arguments: str) -> JsonValue:
        check_model(predictor, Head(arguments=arguments))
        return _metadata(predictor)

    def model_ready(**arguments: str) -> JsonValue:
        check_model(predictor, Head(arguments=arguments))
        check_ready(predictor)
        return {"name": predictor.name, "ready": True}

    views: dict[str, Callable[..., JsonValue]] = {
        "/v2": server,
        "/v2/": server,
        "/v2/health/live": live,
        "/v2/health/ready": ready,
        "/v2/models": models,
    }
    for path in ("/v2/models/<name>", "/v2/models/<name>/versions/<version>"):
        app.add_endpoint(Infer(app, f"{path}/infer"))
        views |= {path: model, f"{path}/ready": model_ready}
    app.probes |= {"/v2/health/live", "/v2/health/ready"}
    for rule, view in views.items():
        app.add_url_rule(rule, rule, partial(_respond, view))


def _respond(view: Callable[..., JsonValue], **arguments: str) -> FlaskResponse:
    return respond_ok(view(**arguments))


def _metadata(predictor: Predictor) -> JsonValue:
    """Return what is known of the model, in any state."""
    inputs = predictor.parameters.schema.get("properties", {})
    outputs = output_schemas(predictor.answer.schema)
    versions = {} if predictor.version is None else {"versions": [predictor.version]}
    return {
        "name": predictor.name,
        **versions,
        "platform": "python",
        "inputs": [tensor_metadata(*it) for it in inputs.items()],
        "outputs": [tensor_metadata(*it) for it in outputs.items()],
    }
