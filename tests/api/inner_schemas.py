"""Schemas as the predictor has them, one for each keyword and for what can be combined."""

from typing import Any

TEXT_OR_NULL: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}

INNER_SCHEMAS: dict[str, dict[str, Any]] = {
    "any value": {},
    "any value, described": {"description": "whatever it is", "default": None},
    "null": {"type": "null"},
    "integer": {"type": "integer", "format": "int64", "example": 1},
    "bounds": {"type": "number", "minimum": -2, "maximum": 2.0, "default": 0.5},
    "exclusive bounds": {
        "type": "number", "minimum": -2, "exclusiveMinimum": True, "maximum": 2,
        "exclusiveMaximum": True,
    },
    "bounds that are not exclusive": {
        "type": "integer", "minimum": 1, "exclusiveMinimum": False, "exclusiveMaximum": False,
        "maximum": 3,
    },
    "multiple": {"type": "integer", "multipleOf": 2},
    "text": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-m0-9]"},
    "date": {"type": "string", "format": "date", "example": "2021-10-26"},
    "date-time": {"type": "string", "format": "date-time", "title": "time of arrival"},
    "boolean": {"type": "boolean", "default": False},
    "enum of texts": {"type": "string", "enum": ["a", "b"], "description": "a letter"},
    "enum of numbers": {"type": "integer", "enum": [0, 1, 2], "example": 2},
    "enum of several types": {"enum": ["a", 1, True]},
    "list": {
        "type": "array", "items": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "minItems": 1, "maxItems": 2, "uniqueItems": True,
    },
    "list of any values": {"type": "array", "items": {}},
    "object": {
        "type": "object",
        "properties": {
            "a": {"type": "number", "maximum": 1, "exclusiveMaximum": True},
            "b": TEXT_OR_NULL,
            "c": {},
        },
        "required": ["a"],
    },
    "object with keywords as names": {
        "type": "object",
        "properties": {
            "example": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            "anyOf": TEXT_OR_NULL,
            "properties": {"type": "object", "properties": {"items": {"example": 1}}},
            "$ref": {"type": "string"},
        },
        "example": {"example": 1, "anyOf": None},
    },
    "map": {
        "type": "object", "minProperties": 1, "maxProperties": 2,
        "additionalProperties": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
    },
    "optional": {
        "anyOf": [{"type": "number", "minimum": 0, "exclusiveMinimum": True}, {"type": "null"}],
        "description": "speed of the wind, in m/s", "default": None, "example": 1.5,
    },
    "optional enum": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
    "optional object": {
        "anyOf": [{"type": "object", "properties": {"a": TEXT_OR_NULL}}, {"type": "null"}]
    },
    "union": {"anyOf": [{"type": "integer"}, {"type": "string", "format": "date"}]},
    "optional union": {
        "anyOf": [
            {"type": "array", "items": {"type": "number"}}, {"enum": ["a", 1]}, {"type": "null"},
        ],
        "description": "what was seen", "default": "a",
    },
}  # fmt: skip
