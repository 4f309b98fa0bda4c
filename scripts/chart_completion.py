"""Render the template of defaults and types, by which the chart completes and converts its values.

Helm removes a value that is null, and `--reuse-values` lacks the values that a new version of the
chart adds: templates/_values.tpl sets them to these defaults.
"""

import json
from typing import Any

from scripts.chart_settings import REQUIRED

_HEADER = "{{/* Rendered from values.yaml: the default and the type of values, as JSON. */}}\n"


def completion_template(schema: dict[str, Any], defaults: dict[str, Any]) -> str:
    """Return the template, for the schema and the defaults of all values."""
    nodes = {
        name: node
        for name, keywords in schema["properties"].items()
        if (node := _node(keywords, defaults.get(name)))
    }
    nodes["settings"] = {
        "default": defaults["settings"],
        "properties": {name: {"default": defaults["settings"][name]} for name in REQUIRED},
    }
    lines = ",\n".join(f'"{name}": {json.dumps(node)}' for name, node in nodes.items())
    return (
        f'{_HEADER}{{{{- define "ml-rest-api.valueTypes" -}}}}\n{{\n{lines}\n}}\n{{{{- end }}}}\n'
    )


def _node(schema: dict[str, Any], default: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the default and the type of a value; empty if null has a meaning of its own."""
    if "properties" in schema:
        nodes = {
            name: node
            for name, keywords in schema["properties"].items()
            if (node := _node(keywords, default.get(name)))
        }
        return {"default": default, "properties": nodes}
    types = schema["type"]
    if _is_text(schema):
        return {"default": default, "type": "text"}
    if types == "object" and _is_text(schema.get("additionalProperties", {})):
        return {"type": "texts"}
    if types == "array" and _is_text(schema["items"]):
        return {"type": "list"}
    if types == "array" and schema["items"].get("required") == ["name"]:
        return {"type": "env"}
    return {} if types in ("object", "array") or "null" in types else {"default": default}


def _is_text(schema: dict[str, Any]) -> bool:
    return schema.get("type") == ["string", "number", "boolean"]
