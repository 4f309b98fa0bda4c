"""What is known of the model: `GET /api/model`, and its schemas in the documents."""

from collections.abc import Sequence
from http import HTTPStatus

from flask_restx import Namespace, Resource

from app.api.schemas import to_json_schema
from app.codec import JsonValue, Row
from app.predictor.dialect import Schema
from app.predictor.predictor import Predictor
from app.predictor.state import State
from app.text import escape_surrogates

_DIALECT = {"$schema": "https://json-schema.org/draft/2020-12/schema"}

_TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_PROPERTIES = {
    "name": {**_TEXT_OR_NULL, "description": "MODEL_NAME, else the module's name"},
    "version": {**_TEXT_OR_NULL, "description": "its __version__"},
    "description": {**_TEXT_OR_NULL, "description": "its docstring"},
    "state": {"type": "string", "enum": [state.value for state in State]},
    "since": {"type": "string", "format": "date-time", "description": "start of the state"},
    "made_with": {
        "type": "object",
        "description": "package to the version that the model was trained with",
        "additionalProperties": {"type": "string"},
    },
    "files": {
        "type": "object",
        "description": "file in the model folder to its SHA-256 checksum; null if it cannot be "
        "read, and for files beyond 1 GiB in total until they are hashed, after the model is ready",
        "additionalProperties": _TEXT_OR_NULL,
    },
    "parameters": {"type": "object", "description": "JSON Schema of a prediction request's body"},
    "answer": {"type": "object", "description": "JSON Schema of a prediction"},
}
_MODEL = {"type": "object", "properties": _PROPERTIES, "required": [*_PROPERTIES]}
_PARTIAL = "whether a row with an error has null as its prediction, and the others theirs"
_PREDICTIONS: Schema = {
    "type": "object",
    "properties": {
        "predictions": {
            "type": "array",
            "items": {"anyOf": [{"$ref": "#/definitions/prediction"}, {"type": "null"}]},
        },
        "errors": {
            "type": "object",
            "description": "with `partial`: index of a row to its errors",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "string"},
            },
        },
        "message": {"type": "string", "description": "with `partial`: that there are more errors"},
    },
    "required": ["predictions"],
}
_RETURNED = "what run() returned"
_LEARNED = f"{_RETURNED}; learned from the self-test, other predictions may differ"


def add_model(namespace: Namespace, predictor: Predictor) -> None:
    """Add `/model` to the namespace with that path."""
    model_schema = namespace.schema_model("model", _MODEL)

    @namespace.route("")
    class Model(Resource):
        @namespace.response(HTTPStatus.OK, "The model, in any state", model_schema)
        def get(self) -> dict[str, JsonValue]:
            """Describe the model: its version, state, files, the types of its parameters."""
            model, status = predictor.model, predictor.status
            schemas = schemas_of(predictor)
            checksums = predictor.files.checksums
            files = {escape_surrogates(name): checksums[name] for name in checksums}
            return {
                "name": predictor.name or None,
                "version": predictor.version,
                "description": model.description if model else None,
                "state": status.state.value,
                "since": status.since,
                "made_with": model.made_with if model else {},
                "files": files,
                "parameters": {**_DIALECT, **to_json_schema(schemas["input_vector"])},
                "answer": {**_DIALECT, **to_json_schema(schemas["prediction"])},
            }


def info_of(predictor: Predictor) -> dict[str, JsonValue]:
    """Return the title, version and description of the documents, which must have the first two."""
    return {
        "title": predictor.name or "ml-rest-api",
        "version": predictor.version or "unknown",
        "description": (predictor.model and predictor.model.description)
        or "A trained model as a REST API",
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
    return {
        "input_vector": input_vector,
        "prediction": prediction,
        "rows": _rows(parameters.sample if parameters.has_sample else {}),
        "predictions": _predictions(answer.examples),
    }


def _predictions(examples: Sequence[JsonValue]) -> Schema:
    return (
        {**_PREDICTIONS, "example": {"predictions": list(examples)}} if examples else _PREDICTIONS
    )


def _rows(sample: Row) -> Schema:
    schema = {
        "type": "object",
        "properties": {
            "rows": {"type": "array", "items": {"$ref": "#/definitions/input_vector"}},
            "partial": {"type": "boolean", "default": False, "description": _PARTIAL},
        },
        "required": ["rows"],
    }
    return {**schema, "example": {"rows": [sample]}} if sample else schema
