"""Validates bodies fast, without a reason: a schema compiled to one Python function.

It accepts exactly what the full validator of validation.py accepts, which
tests/predictor/test_fast_validation.py checks. Only the full validator words errors.
"""

from collections.abc import Callable, Mapping

from app.codec import JsonValue
from app.predictor.validation import INT64

Predicate = Callable[[JsonValue], bool]

_ABSENT = object()


def compile_validator(
    schema: Mapping[str, JsonValue], formats: Mapping[str, Predicate]
) -> Predicate:
    """Return a function that returns whether a parsed JSON value is valid by `schema`.

    Args:
        schema: as parameters.py derives it from a sample.
        formats: the predicate of each string format.

    """
    kind = schema.get("type")
    if kind == "string":
        return _string(formats.get(schema.get("format", "")))
    if kind == "array":
        return _array(compile_validator(schema["items"], formats))
    if kind == "object":
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        return _object(
            [
                (name, compile_validator(item, formats), name in required)
                for name, item in properties.items()
            ]
        )
    simple: dict[str | None, Predicate] = {
        "boolean": _boolean,
        "integer": _integer,
        "number": _number,
    }
    return simple.get(kind, _anything)


def _anything(_value: JsonValue) -> bool:
    return True


def _boolean(value: JsonValue) -> bool:
    return value is True or value is False


def _integer(value: JsonValue) -> bool:
    if type(value) is float and value.is_integer():
        value = int(value)
    return type(value) is int and value in INT64


def _number(value: JsonValue) -> bool:
    return type(value) is float or type(value) is int


def _string(is_format: Predicate | None) -> Predicate:
    if is_format is None:
        return lambda value: type(value) is str
    return lambda value: type(value) is str and is_format(value)


def _array(is_valid: Predicate) -> Predicate:
    return lambda value: type(value) is list and all(map(is_valid, value))


def _object(members: list[tuple[str, Predicate, bool]]) -> Predicate:
    def is_valid(value: JsonValue) -> bool:
        if type(value) is not dict:
            return False
        for name, is_member_valid, required in members:
            member = value.get(name, _ABSENT)
            if member is _ABSENT:
                if required:
                    return False
            elif not is_member_valid(member):
                return False
        return True

    return is_valid
