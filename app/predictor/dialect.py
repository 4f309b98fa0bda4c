"""The dialect of JSON Schema that parameters and answers have: draft 4, and how it differs.

Swagger 2.0 has draft 4. What this service does in another way is what its callers expect, or keeps
the work for a value within a bound.
"""

import functools
import json
from collections.abc import Hashable, Iterator, Mapping
from decimal import Context, Decimal
from typing import Any, Protocol, TypeAlias, cast

import re2
from jsonschema import Draft4Validator, Draft6Validator, ValidationError
from jsonschema.validators import extend

from app.codec import JsonValue

Schema: TypeAlias = Mapping[str, JsonValue]

# In digits: the largest float has 309 before the point, the smallest 324 after it.
_EXACT = Context(prec=700)


class Pattern(Protocol):
    """A compiled regular expression."""

    def search(self, text: str) -> object:
        """Return a match anywhere in the text, or None."""


@functools.cache
def compile_pattern(pattern: str) -> Pattern:
    """Compile a regular expression of RE2, which takes linear time (https://github.com/google/re2).

    With Python's own, a short text can take for ever.

    Raises:
        ValueError: the pattern is not one of RE2, which has no look-around and no back-references.

    """
    options = re2.Options()
    options.log_errors = False
    try:
        return cast("Pattern", re2.compile(pattern, options))
    except re2.error as error:
        (text,) = error.args
        raise ValueError(text.decode() if isinstance(text, bytes) else text) from None


def is_multiple_of(value: float, factor: float) -> bool:
    """Return whether a number is a multiple of another, as they are written: 0.3 is one of 0.1."""
    return _EXACT.remainder(Decimal(repr(value)), Decimal(repr(factor))) == 0


def json_key(value: JsonValue) -> Hashable:
    """Return a key that equal JSON values share: 1 and 1.0, but not 1 and true."""
    if type(value) is bool:
        return bool, value
    if type(value) in (list, dict):  # as bytes: a client could make tuples of one hash
        return json.dumps(_with_whole_numbers(value), sort_keys=True).encode()
    return cast("Hashable", value)


def _with_whole_numbers(value: JsonValue) -> JsonValue:
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is list:
        return list(map(_with_whole_numbers, value))
    if type(value) is dict:
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    return value


def has_unique_items(values: list[JsonValue]) -> bool:
    """Return whether no two items are equal; jsonschema's own compares every pair."""
    return len(set(map(json_key, values))) == len(values)


def _pattern(
    validator: Any,  # noqa: ANN401 - jsonschema's validators have no public type
    pattern: str,
    value: JsonValue,
    _schema: Schema,
) -> Iterator[ValidationError]:
    if validator.is_type(value, "string") and not compile_pattern(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _multiple_of(
    validator: Any,  # noqa: ANN401
    factor: float,
    value: JsonValue,
    _schema: Schema,
) -> Iterator[ValidationError]:
    if validator.is_type(value, "number") and not is_multiple_of(value, factor):
        yield ValidationError(f"{value!r} is not a multiple of {factor}")


def _unique_items(
    validator: Any,  # noqa: ANN401
    is_unique: bool,  # noqa: FBT001 - jsonschema calls it
    value: JsonValue,
    _schema: Schema,
) -> Iterator[ValidationError]:
    if is_unique and validator.is_type(value, "array") and not has_unique_items(value):
        yield ValidationError(f"{value!r} has non-unique elements")


# Draft 4's Python type checker does not take 10.0 for an integer; every later draft's does.
SchemaValidator = extend(
    Draft4Validator,
    {"multipleOf": _multiple_of, "pattern": _pattern, "uniqueItems": _unique_items},
    type_checker=Draft6Validator.TYPE_CHECKER,
)
