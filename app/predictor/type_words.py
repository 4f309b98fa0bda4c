"""The types of parameters in words, for people."""

from app.codec import JsonValue, encode
from app.predictor.dialect import Schema
from app.predictor.parameters import Parameters
from app.text import truncate

_MAX_SHOWN = 1000


def kind_of(schema: Schema) -> str:
    """Return the type that a schema says."""
    if "anyOf" in schema:
        return " or ".join(map(kind_of, schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(map(json_text, schema["enum"]))
    kind: str = schema.get("type", "any")
    if kind == "object" and schema.get("properties"):
        names = [f"{name} ({kind_of(it)})" for name, it in schema["properties"].items()]
        return f"object of {', '.join(names)}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        kind = f"object of {kind_of(values)}"
    elif kind == "array" and schema.get("items"):
        kind = f"array of {kind_of(schema['items'])}"
    elif kind == "string":
        kind = schema.get("format", kind)
    for bound in ("minimum", "maximum"):
        if bound in schema:
            kind += f", {bound} {schema[bound]}"
            kind += " exclusive" if schema.get(f"exclusive{bound.capitalize()}") else ""
    return kind


def json_text(value: JsonValue) -> str:
    """Return a value as JSON."""
    return encode(value).decode()


def one_line(parameters: Parameters) -> str:
    """Return the names and types of all parameters, and what an integer example means."""
    required = parameters.schema.get("required", [])
    kinds = {
        name: kind_of(schema) for name, schema in parameters.schema.get("properties", {}).items()
    }
    listed = truncate(
        ", ".join(
            f"{name} ({kind}{'' if name in required else ', optional'})"
            for name, kind in kinds.items()
        ),
        _MAX_SHOWN,
    )
    if parameters.is_by_example and any("integer" in kind for kind in kinds.values()):
        listed += "; 99.5 is rejected for an integer: to accept it, write 24.0 in sample(), not 24"
    return listed or "any JSON object"
