"""What is known of the model: `GET /api/model`, and its schemas in the documents."""

from http import HTTPStatus

from flask_restx import Namespace, Resource

from app.api.schemas import to_json_schema
from app.codec import JsonValue
from app.predictor.dialect import Schema
from app.predictor.predictor import Predictor
from app.predictor.state import State
from app.text import escape_surrogates

_DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

_TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_PROPERTIES = {
    "name": {**_TEXT_OR_NULL, "description": "name of the module"},
    "version": {**_TEXT_OR_NULL, "description": "its __version__"},
    "description": {**_TEXT_OR_NULL, "description": "its docstring"},
    "state": {"type": "string", "enum": [state.value for state in State]},
    "since": {"type": "string", "format": "date-time", "description": "start of the state"},
    "made_with": {
        "type": "object",
        "description": "package to the version that the model was trained with",
        "additionalProperties": {"type": "string"},
    },
    "parameters": {"type": "object", "description": "JSON Schema of a prediction request's body"},
    "answer": {"type": "object", "description": "JSON Schema of a prediction"},
}
_MODEL = {"type": "object", "properties": _PROPERTIES, "required": [*_PROPERTIES]}
_RETURNED = "what run() returned"
_LEARNED = f"{_RETURNED}; learned from the self-test, other predictions may differ"


def add_model(namespace: Namespace, predictor: Predictor, configured_name: str) -> None:
    """Add `/model` to a namespace.

    Args:
        namespace: with the path `/model`.
        predictor: holds the model.
        configured_name: the module's, until it is imported; empty where it is the only one.

    """
    model_schema = namespace.schema_model("model", _MODEL)
    name = escape_surrogates(configured_name.removesuffix(".py")) or None

    @namespace.route("")
    class Model(Resource):
        @namespace.response(HTTPStatus.OK, "The model, in any state", model_schema)
        def get(self) -> dict[str, JsonValue]:
            """Describe the model: its version, its state, the types of its parameters."""
            model, status = predictor.model, predictor.status
            schemas = schemas_of(predictor)
            return {
                "name": escape_surrogates(model.file.stem) if model else name,
                "version": model.version if model else None,
                "description": model.description if model else None,
                "state": status.state.value,
                "since": status.since,
                "made_with": model.made_with if model else {},
                "parameters": {**_DIALECT, **to_json_schema(schemas["input_vector"])},
                "answer": {**_DIALECT, **to_json_schema(schemas["prediction"])},
            }


def schemas_of(predictor: Predictor) -> dict[str, Schema]:
    """Return the definitions of the documents that depend on the model."""
    parameters, answer = predictor.parameters, predictor.answer
    input_vector = dict(parameters.schema)
    # The whole example too: Swagger UI would invent a string for a parameter of any type.
    if parameters.sample:
        input_vector["example"] = parameters.sample
    declared = predictor.model.answer_schema if predictor.model else None
    prediction = dict(answer.schema if declared is None else declared)
    prediction.setdefault(
        "description", _LEARNED if declared is None and answer.schema else _RETURNED
    )
    if answer.examples:
        prediction["example"] = answer.examples[0]
    return {"input_vector": input_vector, "prediction": prediction}
