"""Converts valid bodies to what `run()` gets: the types and the order of the parameters."""

import copy
from collections.abc import Callable, Collection, Mapping

from app.codec import JsonValue, Row
from app.predictor.dialect import Schema
from app.predictor.fast_validation import compile_validator

Converter = Callable[[JsonValue], JsonValue]


def compile_converter(schema: Schema, *, is_body: bool = False) -> Converter | None:
    """Return a function that converts a valid value, perhaps in place.

    A whole number becomes int or float, as its schema says. The members of an object come in the
    order of the schema, others after them, and those left out as their defaults.

    Args:
        schema: of the dialect that dialect.py describes.
        is_body: whether what has no default, and is left out, is to be None.

    Returns:
        None where no value needs a conversion.

    """
    if "anyOf" in schema:
        return _any_of(schema["anyOf"])
    kind = schema.get("type")
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind == "array":
        return _array(compile_converter(schema["items"]))
    if "additionalProperties" in schema:
        return _map(compile_converter(schema["additionalProperties"]))
    return _object(schema, is_body=is_body) if "properties" in schema else None


# JSON Schema takes 10.0 for an integer, and 10 for a number.
_SCALARS: Mapping[str | None, Converter] = {"integer": int, "number": float}
# Not int: most integers have to be of 64 bits.
_EXACT: Mapping[str, type] = {"boolean": bool, "number": float, "string": str}
_ANNOTATIONS = {"type", "title", "description", "default", "example"}


def compile_exact(schema: Schema) -> Callable[[list[JsonValue]], bool]:
    """Return a function that tells by their types that rows are valid and need no conversion.

    That takes half the time of validating and converting, but it is False wherever more than a type
    matters.
    """
    properties: Mapping[str, Schema] = schema.get("properties", {})
    names = list(properties)
    types = [_EXACT.get(item.get("type", "")) for item in properties.values()]
    has_more = any(item.keys() - _ANNOTATIONS for item in properties.values())
    if not names or has_more or None in types or {*names} != {*schema.get("required", ())}:
        return lambda _rows: False

    def are_exact(rows: list[JsonValue]) -> bool:
        previous = names  # of the row before, whose strings jiter uses again: those compare fast
        for row in rows:
            if (
                type(row) is not dict
                or (own := [*row]) != previous
                or [*map(type, row.values())] != types
            ):
                return False
            previous = own
        return True

    return are_exact


def _array(convert: Converter | None) -> Converter | None:
    return None if convert is None else lambda values: list(map(convert, values))


def _map(convert: Converter | None) -> Converter | None:
    if convert is None:
        return None
    return lambda values: {name: convert(value) for name, value in values.items()}


def _any_of(schemas: list[Schema]) -> Converter | None:
    """Return a function that converts by the first alternative that a value is valid by."""
    alternatives = [(compile_validator(item), compile_converter(item)) for item in schemas]
    if not any(convert for _, convert in alternatives):
        return None

    def convert_by_first(value: JsonValue) -> JsonValue:
        for is_valid, convert in alternatives:
            if is_valid(value):
                return value if convert is None else convert(value)
        return value

    return convert_by_first


def _object(schema: Schema, *, is_body: bool) -> Converter:
    properties: Mapping[str, Schema] = schema["properties"]
    positions = {name: position for position, name in enumerate(properties)}
    names = list(properties)
    converters = {
        name: converter
        for name, item in properties.items()
        if (converter := compile_converter(item))
    }
    required = frozenset(schema.get("required", ()))
    defaults = {
        name: converters.get(name, _same)(item["default"]) if "default" in item else None
        for name, item in properties.items()
        if name not in required and (is_body or "default" in item)
    }

    def arrange(value: Row) -> Row:
        # The intersection of views takes the time of the smaller.
        known = sorted(
            (positions.keys() & value.keys()) | defaults.keys(), key=positions.__getitem__
        )
        arranged = {
            name: value[name] if name in value else copy.deepcopy(defaults[name]) for name in known
        }
        return {**arranged, **value}

    def convert(value: Row) -> Row:
        present: Collection[str] = converters
        if [*value] != names:
            present = converters.keys() & value.keys()
            value = arrange(value)
        for name in present:
            member, convert_member = value[name], converters[name]
            if type(member) is not convert_member:  # int or float, as nearly always
                value[name] = convert_member(member)
        return value

    return convert


def _same(value: JsonValue) -> JsonValue:
    return value
