"""The answer of a model: its JSON Schema, declared or learned, and an example."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.codec import JsonValue
from app.predictor.dialect import Schema

_MAX_LEVELS = 20
_MAX_NAMES = 1000  # more are data, such as ids
_MAX_EXAMPLE = 10_000  # characters


@dataclass(frozen=True)
class Answer:
    """What is known of what `run()` returns.

    Attributes:
        schema: JSON Schema of it, in the dialect of dialect.py; empty where nothing is known.
        examples: an answer, as parsed JSON; none where it is not known, or too long to show.

    """

    schema: Schema
    examples: Sequence[JsonValue] = ()


UNKNOWN_ANSWER = Answer({})


def answer_of(values: Sequence[JsonValue], declared: Schema | None) -> Answer:
    """Return what is known of the answers of a model.

    Args:
        values: answers that it has given, as parsed JSON.
        declared: their schema, which is else learned from `values`.

    """
    schema = learned_schema(values) if declared is None else declared
    return Answer(schema, [it for it in values[:1] if len(json.dumps(it)) <= _MAX_EXAMPLE])


def learned_schema(values: Sequence[JsonValue], levels: int = _MAX_LEVELS) -> Schema:
    """Return the schema of some JSON values.

    A name that all have is required. What differs in type is left open.

    Args:
        values: what the schema is to be learned from.
        levels: of nesting that it describes.

    """
    known = [value for value in values if value is not None]
    schema = _schema_of_kind(known, levels - 1) if levels else {}
    return {"anyOf": [schema, {"type": "null"}]} if schema and len(known) < len(values) else schema


def _schema_of_kind(values: Sequence[JsonValue], levels: int) -> Schema:
    kinds = {type(value) for value in values}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) != 1:
        return {}
    (kind,) = kinds
    if kind is dict:
        return _object_schema(values, levels)
    if kind is list:
        items = [item for value in values for item in value]
        return {"type": "array", "items": learned_schema(items, levels)}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]}


def _object_schema(values: Sequence[dict[str, JsonValue]], levels: int) -> Schema:
    names = {name: None for value in values for name in value}
    schema: dict[str, JsonValue] = {"type": "object"}
    if len(names) > _MAX_NAMES:
        return schema
    if names:
        schema["properties"] = {
            name: learned_schema([value[name] for value in values if name in value], levels)
            for name in names
        }
    if required := [name for name in names if all(name in value for value in values)]:
        schema["required"] = required
    return schema
