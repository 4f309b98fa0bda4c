"""A schema as the documents write it.

The predictor's schemas are JSON Schema draft 4, with `anyOf` and `null`. Swagger 2.0 has draft 4
without these two; OpenAPI 3.1 has JSON Schema 2020-12, which writes some keywords differently.
"""

import json
from collections.abc import Callable
from typing import TypeAlias

from app.codec import JsonValue
from app.predictor.dialect import Schema

_Rendered: TypeAlias = dict[str, JsonValue]
_Render: TypeAlias = Callable[[Schema, int], _Rendered]

_MAX_LEVELS = 50  # of nesting; JSON encoders and readers have limits

_NULL = {"type": "null"}
_TYPED = {"type", "enum", "anyOf", "$ref"}  # without these, a value may be of any type


def to_swagger(schema: Schema, levels: int = _MAX_LEVELS) -> _Rendered:
    """Return a schema in Swagger 2.0, which accepts at least the same values.

    Tools know `x-nullable` as its extension for null.

    Args:
        schema: of the predictor.
        levels: of nesting that are described; deeper values may be anything.

    """
    is_nullable = not _TYPED & schema.keys()
    if schema.get("type") == "null":
        schema = {**_without(schema, "type"), "enum": [None]}
    elif alternatives := schema.get("anyOf"):
        others = [one for one in alternatives if one != _NULL]
        is_nullable = len(others) < len(alternatives)
        schema = _without_union(schema, others)
        if is_nullable and "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    rendered = _render_parts(schema, to_swagger, levels)
    if rendered.get("default", ...) is None:
        del rendered["default"]
    if is_nullable or None in rendered.get("enum", ()):
        rendered["x-nullable"] = True
    return rendered


def to_json_schema(schema: Schema, levels: int = _MAX_LEVELS) -> _Rendered:
    """Return a schema in JSON Schema 2020-12, which accepts the same values.

    Args:
        schema: of the predictor.
        levels: of nesting that are described; deeper values may be anything.

    """
    if "$ref" in schema:
        return {"$ref": schema["$ref"].replace("#/definitions/", "#/components/schemas/")}
    rendered = _render_parts(schema, to_json_schema, levels)
    for bound in ("Minimum", "Maximum"):
        if rendered.pop(f"exclusive{bound}", False):
            rendered[f"exclusive{bound}"] = rendered.pop(bound.lower())
    if "example" in rendered:
        rendered["examples"] = [rendered.pop("example")]
    return rendered


def _without_union(schema: Schema, alternatives: list[Schema]) -> _Rendered:
    """Return a schema with its only alternative, or with a description of all of them."""
    beside = _without(schema, "anyOf")
    if len(alternatives) == 1:
        return {**alternatives[0], **beside}
    names = " or ".join(map(_name, alternatives))
    text = beside.get("description")
    return {**beside, "description": f"{text} ({names})" if text else names}


def _without(schema: Schema, keyword: str) -> _Rendered:
    return {key: value for key, value in schema.items() if key != keyword}


def _render_parts(schema: Schema, render: _Render, levels: int) -> _Rendered:
    """Return a copy of a schema, each schema within it rendered."""

    def render_part(part: Schema) -> _Rendered:
        return render(part, levels - 1) if levels else render({}, 0)

    rendered = {**schema}
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            rendered[keyword] = render_part(schema[keyword])
    if "anyOf" in schema:
        rendered["anyOf"] = list(map(render_part, schema["anyOf"]))
    if "properties" in schema:
        rendered["properties"] = {
            name: render_part(part) for name, part in schema["properties"].items()
        }
    return rendered


def _name(schema: Schema) -> str:
    """Return a few words for what a schema accepts."""
    match schema:
        case {"enum": values}:
            return " or ".join(json.dumps(value, ensure_ascii=False) for value in values)
        case {"type": "array", "items": items} if items:
            return f"array of {_name(items)}"
        case {"format": "date" | "date-time" as format_}:
            return str(format_)
    return str(schema.get("type", "any value"))
