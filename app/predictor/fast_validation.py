"""Accepts valid bodies fast: compiled from the schema, it says yes or no, and never why.

It says yes to exactly what the full validator finds no fault with;
tests/predictor/test_fast_validation.py compares the two. The validator alone words refusals.
"""

from collections.abc import Callable, Mapping
from typing import Any

Accept = Callable[[Any], bool]

_ABSENT = object()
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


def compile_acceptance(schema: Mapping[str, Any], formats: Mapping[str, Accept]) -> Accept:
    """Return a function that tells whether a parsed JSON value is valid by `schema`.

    Args:
        schema: as app/predictor/parameters.py makes it from a sample.
        formats: for each format of strings, what tells whether one is of it.

    """
    kind = schema.get("type")
    if kind == "string":
        return _string(formats.get(schema.get("format", "")))
    if kind == "array":
        return _array(compile_acceptance(schema["items"], formats))
    if kind == "object":
        properties = schema.get("properties", {})
        required = set(schema.get("required", ()))
        return _object(
            [
                (name, compile_acceptance(item, formats), name in required)
                for name, item in properties.items()
            ]
        )
    simple: dict[str | None, Accept] = {
        "boolean": _boolean,
        "integer": _integer,
        "number": _number,
    }
    return simple.get(kind, _anything)


def _anything(_value: Any) -> bool:  # noqa: ANN401
    return True


def _boolean(value: Any) -> bool:  # noqa: ANN401
    return value is True or value is False


def _integer(value: Any) -> bool:  # noqa: ANN401
    if type(value) is float and value.is_integer():
        value = int(value)
    return type(value) is int and _LOWEST <= value <= _HIGHEST


def _number(value: Any) -> bool:  # noqa: ANN401
    return type(value) is float or type(value) is int


def _string(is_format: Accept | None) -> Accept:
    if is_format is None:
        return lambda value: type(value) is str
    return lambda value: type(value) is str and is_format(value)


def _array(accept: Accept) -> Accept:
    return lambda value: type(value) is list and all(map(accept, value))


def _object(members: list[tuple[str, Accept, bool]]) -> Accept:
    def accept(value: Any) -> bool:  # noqa: ANN401
        if type(value) is not dict:
            return False
        for name, accept_member, required in members:
            member = value.get(name, _ABSENT)
            if member is _ABSENT:
                if required:
                    return False
            elif not accept_member(member):
                return False
        return True

    return accept
