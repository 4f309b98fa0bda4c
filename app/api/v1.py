"""KServe's V1 protocol, which custom containers of Vertex AI speak too.

- KServe: "V1 Inference Protocol" of https://kserve.github.io/website; as its server
  (python/kserve/kserve/protocol/rest/v1_endpoints.py of https://github.com/kserve/kserve) and its
  client (`InferenceRESTClient` in kserve/inference_client.py) have it.
- Vertex AI: "Custom container requirements for inference" of Google Cloud's documentation. Its
  predict route is `/v1/models/NAME:predict`, its health route `/v1/models/NAME`.
"""

from flask import Response as FlaskResponse
from werkzeug.exceptions import BadRequest
from werkzeug.routing import BaseConverter

from app.api.application import Application
from app.api.bodies import check_json_type, decode_json
from app.api.endpoints import Endpoint, Head, Job, check_model, check_ready
from app.api.predict_batch import respond
from app.api.responses import respond_ok
from app.api.row_forms import RowForms, member

# KServe's server takes a body without a type as JSON, and one of this type.
_ALSO_JSON = ("", "application/octet-stream")


class ModelName(BaseConverter):
    """The name of a model in a path, which has no colon."""

    regex = "[^/:]+"


class V1Endpoint(Endpoint):
    """`{"instances": […]}` becomes `{"predictions": […]}`; RowForms has the forms of an instance.

    Other members are ignored: `parameters`, which Vertex AI passes on, and `signature_name` of
    TensorFlow Serving, whose protocol this was.
    """

    rule = "/v1/models/<model:name>:predict"

    def __init__(self, app: Application) -> None:
        """Read rows of the model of `app`."""
        self._predictor = app.predictor
        self._limits = app.predictions.limits

    def check_head(self, head: Head) -> None:
        """Check the model's name, and that the body is JSON."""
        check_model(self._predictor, head)
        if head.content_type not in _ALSO_JSON:
            check_json_type(head.content_type)

    def parse(self, content: bytes, head: Head) -> Job:  # noqa: ARG002 - of other endpoints
        """Read the instances."""
        _, instances = member(decode_json(content), "instances")
        if not isinstance(instances, list):
            raise BadRequest('instances is not a list: send {"instances": […]}')
        return Job(RowForms(self._predictor.parameters, self._limits).read(instances), respond)


def register_v1(app: Application) -> None:
    """Serve the protocol's paths."""
    predictor = app.predictor
    app.url_map.converters["model"] = ModelName
    app.add_endpoint(V1Endpoint(app))

    @app.get("/v1/models")
    def v1_models() -> FlaskResponse:
        return respond_ok({"models": [predictor.name] if predictor.name else []})

    @app.get("/v1/models/<model:name>")
    def v1_model(name: str) -> FlaskResponse:
        check_model(predictor, Head(arguments={"name": name}))
        check_ready(predictor)
        return respond_ok({"name": name, "ready": True})
