"""The tensors that parameters and answers are, in the Open Inference Protocol: by their schemas."""

from collections.abc import Mapping

from app.codec import JsonValue
from app.predictor.dialect import Schema

ONLY_OUTPUT = "predict"  # where the answers are not objects
_NULL: Schema = {"type": "null"}
_DATATYPES = {"boolean": "BOOL", "integer": "INT64", "number": "FP64", "string": "BYTES"}


def tensor_metadata(name: str, schema: Schema) -> dict[str, JsonValue]:
    """Return what the metadata of a model tell of one tensor.

    A scalar is one number or text a row, a list has more dimensions. What a tensor cannot say, such
    as an object, is a JSON text.

    Args:
        name: of the parameter, or of a part of the answer.
        schema: of one row's value.

    """
    schema = without_null(schema)
    shape = [-1]
    item = schema
    while item.get("type") == "array":
        length = item.get("minItems")
        shape.append(length if length is not None and length == item.get("maxItems") else -1)
        item = without_null(item["items"])
    datatype = _DATATYPES.get(item.get("type", ""))
    if datatype is None:
        return {"name": name, "datatype": "BYTES", "shape": [-1], "parameters": content("json")}
    metadata: dict[str, JsonValue] = {"name": name, "datatype": datatype, "shape": shape}
    if datatype == "BYTES":
        is_time = item.get("format") == "date-time"
        metadata["parameters"] = content("datetime" if is_time else "str")
    return metadata


def content(kind: str) -> dict[str, str]:
    """Return the parameters of a tensor whose texts are of a kind."""
    return {"content_type": kind}


def rank(schema: Schema) -> int | None:
    """Return how many dimensions one row's value has; None where its schema does not tell."""
    schema = without_null(schema)
    match schema.get("type"):
        case "array":
            return 1 + (rank(schema["items"]) or 0)
        case None:
            return None
    return 0


def without_null(schema: Schema) -> Schema:
    """Return the schema of the values that are not null; that of numbers for an `int | float`."""
    if "anyOf" not in schema:
        return schema
    alternatives = [item for item in schema["anyOf"] if item != _NULL]
    if {item.get("type") for item in alternatives} == {"integer", "number"}:
        return {"type": "number"}
    return without_null(alternatives[0]) if len(alternatives) == 1 else schema


def output_schemas(answer: Schema) -> Mapping[str, Schema]:
    """Return the schemas of the output tensors; none where nothing is known of the answers."""
    answer = without_null(answer)
    if answer.get("type") == "object":
        properties: Mapping[str, Schema] = answer.get("properties", {})
        return properties
    return {ONLY_OUTPUT: answer} if answer else {}
