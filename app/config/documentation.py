"""Describes the settings: as a Markdown table and as a JSON Schema."""

import dataclasses
from typing import Any

from app.config.settings import Settings

_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_KEYWORDS = ("minimum", "maximum")


def markdown_table() -> str:
    """Return the settings as a Markdown table: name, type, default, meaning."""
    rows = ["| name | type | default | meaning |", "| --- | --- | --- | --- |"]
    for field in dataclasses.fields(Settings):
        meta = field.metadata
        kind = " \\| ".join(meta.get("choices", ())) or type(field.default).__name__
        default = meta.get("default_text", field.default)
        rows.append(f"| `{field.name}` | {kind} | {default} | {meta['help']} |")
    return "\n".join(rows) + "\n"


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema (draft 7, which Helm reads) of an object with all the settings."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "ml-rest-api settings",
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in dataclasses.fields(Settings)},
    }


def _property(field: dataclasses.Field[Any]) -> dict[str, Any]:
    meta, default = field.metadata, field.default
    schema = {
        "description": meta["help"],
        "type": _JSON_TYPES[type(default)],
        # 0 rather than 0.0, which Helm would render as another value.
        "default": int(default) if isinstance(default, float) and default.is_integer() else default,
    }
    if choices := meta.get("choices"):
        schema["enum"] = list(choices)
    return schema | {keyword: meta[keyword] for keyword in _KEYWORDS if keyword in meta}
