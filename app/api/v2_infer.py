"""Predictions by the Open Inference Protocol: tensors become rows, predictions tensors."""

from collections.abc import Collection
from functools import partial

from werkzeug.exceptions import BadRequest

from app.api.application import Application
from app.api.bodies import decode_json
from app.api.endpoints import Endpoint, Head, Job, check_model
from app.api.v2_inputs import rows_of
from app.api.v2_outputs import tensors_of
from app.api.v2_tensors import read_tensors
from app.api.v2_types import ONLY_OUTPUT, output_schemas
from app.codec import JsonValue, Row, encode
from app.predictor.predictor import Predictor
from app.text import truncate

_MAX_SHOWN = 100
_MAX_DIGITS = 18


class Infer(Endpoint):
    """A path of the protocol that predicts."""

    def __init__(self, app: Application, rule: str) -> None:
        """Predict with the model of `app` for requests to `rule`."""
        self.rule = rule
        self._app = app

    def check_head(self, head: Head) -> None:
        """Check the names of the model and its version; any Content-Type is accepted."""
        check_model(self._app.predictor, head)

    def parse(self, content: bytes, head: Head) -> Job:
        """Read the rows of the tensors."""
        predictor = self._app.predictor
        text, binary = _split(content, head.json_length)
        request = decode_json(text)
        if type(request) is not dict:
            raise BadRequest("The body is not an object: send one with 'inputs'")
        request_id = request.get("id")
        if type(request_id) not in (str, type(None)):
            raise BadRequest("'id' is not a string")
        schema = predictor.parameters.schema
        outputs = _output_names(request.get("outputs"), output_schemas(predictor.answer.schema))
        tensors = read_tensors(request.get("inputs"), binary)
        limits, count = self._app.predictions.limits, tensors[0].shape[0]
        limits.check_number(count)  # before a row is made
        properties = schema.get("properties", {})
        limits.check_names([tensor.name for tensor in tensors], properties, count)
        required = schema.get("required", ()) if self._app.settings.RESTX_VALIDATE else ()
        rows = rows_of(tensors, properties, required)
        return Job(rows, partial(_body, predictor, request_id, outputs))


def _split(content: bytes, json_length: str) -> tuple[bytes, bytes]:
    """Return the JSON of a body, and what is after it."""
    if not json_length:
        return content, b""
    is_number = json_length.isascii() and json_length.isdigit() and len(json_length) <= _MAX_DIGITS
    if not is_number or int(json_length) > len(content):
        raise BadRequest(
            "Inference-Header-Content-Length is not the length of the JSON "
            f"in a body of {len(content)} bytes"
        )
    length = int(json_length)
    return content[:length], content[length:]


def _output_names(outputs: JsonValue, known: Collection[str]) -> list[str]:
    """Return the names of the outputs that a request asks for; none for all."""
    if outputs is None:
        return []
    if type(outputs) is not list:
        raise BadRequest("'outputs' is not a list of objects with a 'name'")
    names = []
    for output in outputs:
        name = output.get("name") if type(output) is dict else None
        if type(name) is not str:
            raise BadRequest("'outputs' is not a list of objects with a 'name'")
        if known and name not in known and [*known] != [ONLY_OUTPUT]:
            shown = truncate(", ".join(known), _MAX_SHOWN)
            raise BadRequest(f"There is no output {truncate(name, _MAX_SHOWN)!r}, but {shown}")
        names.append(name)
    return names


def _body(
    predictor: Predictor, request_id: str | None, outputs: list[str], predictions: bytes
) -> bytes:
    response: dict[str, JsonValue] = {"model_name": predictor.name}
    if predictor.version is not None:
        response["model_version"] = predictor.version
    if request_id is not None:
        response["id"] = request_id
    response["outputs"] = _selected(tensors_of(predictions, predictor.answer.schema), outputs)
    return encode(response)


def _selected(tensors: list[Row], names: list[str]) -> list[Row]:
    """Return the tensors that a request asks for; the only one by any name.

    Each server has a name of its own for that: `output-0` is KServe's.
    """
    if names and [tensor["name"] for tensor in tensors] == [ONLY_OUTPUT]:
        return [{**tensors[0], "name": names[0]}]
    selected = {*names}
    return [tensor for tensor in tensors if not names or tensor["name"] in selected]
