"""Validates bodies fast, without a reason: a schema compiled to one Python function.

It accepts exactly what the full validator of validation.py accepts, which
tests/predictor/test_fast_validation.py checks. Only the full validator words errors.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from app.codec import JsonValue
from app.predictor.dialect import (
    Schema,
    compile_pattern,
    has_unique_items,
    is_multiple_of,
    json_key,
)
from app.predictor.formats import INT64, is_date, is_date_time

Predicate = Callable[[JsonValue], bool]

_ABSENT = object()


def compile_validator(schema: Schema) -> Predicate:
    """Return a function that returns whether a parsed JSON value is valid by `schema`.

    Its time grows with the value, not with the schema.

    Args:
        schema: of the dialect that dialect.py describes.

    """
    predicates = [] if (is_of_type := _of_type(schema)) is _anything else [is_of_type]
    predicates += [compile_(schema) for word, compile_ in _KEYWORDS.items() if word in schema]
    return _all(predicates)


def _of_type(schema: Schema) -> Predicate:
    """Return a function that returns whether a value has the type, and its parts are valid."""
    kind = schema.get("type")
    if kind == "string":
        return _STRINGS.get(schema.get("format"), _string)
    if kind == "array":
        return _array(compile_validator(schema["items"]))
    if kind == "object":
        if "additionalProperties" in schema:
            return _map(compile_validator(schema["additionalProperties"]))
        members = {
            name: compile_validator(item) for name, item in schema.get("properties", {}).items()
        }
        return _object(members, schema.get("required", ()))
    if kind == "integer":
        return _int64 if schema.get("format") == "int64" else _integer
    return _SCALARS.get(kind, _anything)


def _all(predicates: Sequence[Predicate]) -> Predicate:
    """Return a function that returns whether a value passes all, asked in their order."""
    if not predicates:
        return _anything
    if len(predicates) == 1:
        return predicates[0]
    first, second = predicates[0], _all(predicates[1:])
    return lambda value: first(value) and second(value)


def _any_of(schema: Schema) -> Predicate:
    alternatives = [compile_validator(item) for item in schema["anyOf"]]
    if _null in alternatives:
        alternatives.remove(_null)
        if len(alternatives) == 1:
            (is_valid,) = alternatives
            return lambda value: value is None or is_valid(value)
        alternatives.insert(0, _null)
    return lambda value: any(is_valid(value) for is_valid in alternatives)


def _enum(schema: Schema) -> Predicate:
    choices = frozenset(map(json_key, schema["enum"]))
    if schema.get("type") == "string":  # whose key is itself
        return choices.__contains__
    return lambda value: json_key(value) in choices


def _minimum(schema: Schema) -> Predicate:
    limit = schema["minimum"]
    if schema.get("exclusiveMinimum"):
        return lambda value: value > limit
    return lambda value: value >= limit


def _maximum(schema: Schema) -> Predicate:
    limit = schema["maximum"]
    if schema.get("exclusiveMaximum"):
        return lambda value: value < limit
    return lambda value: value <= limit


def _multiple_of(schema: Schema) -> Predicate:
    factor = schema["multipleOf"]
    return lambda value: is_multiple_of(value, factor)


def _pattern(schema: Schema) -> Predicate:
    search = compile_pattern(schema["pattern"]).search
    return lambda value: search(value) is not None


def _at_least(keyword: str) -> Callable[[Schema], Predicate]:
    def compile_(schema: Schema) -> Predicate:
        limit = schema[keyword]
        return lambda value: len(value) >= limit

    return compile_


def _at_most(keyword: str) -> Callable[[Schema], Predicate]:
    def compile_(schema: Schema) -> Predicate:
        limit = schema[keyword]
        return lambda value: len(value) <= limit

    return compile_


def _unique_items(schema: Schema) -> Predicate:
    return has_unique_items if schema["uniqueItems"] else _anything


# Each is asked about values of its type only, but for the first two.
_KEYWORDS: Mapping[str, Callable[[Schema], Predicate]] = {
    "anyOf": _any_of,
    "enum": _enum,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple_of,
    "pattern": _pattern,
    "minLength": _at_least("minLength"),
    "maxLength": _at_most("maxLength"),
    "minItems": _at_least("minItems"),
    "maxItems": _at_most("maxItems"),
    "minProperties": _at_least("minProperties"),
    "maxProperties": _at_most("maxProperties"),
    "uniqueItems": _unique_items,
}


def _anything(_value: JsonValue) -> bool:
    return True


def _null(value: JsonValue) -> bool:
    return value is None


def _boolean(value: JsonValue) -> bool:
    return value is True or value is False


def _integer(value: JsonValue) -> bool:
    return type(value) is int or (type(value) is float and value.is_integer())


def _int64(value: JsonValue) -> bool:
    if type(value) is float and value.is_integer():
        value = int(value)
    return type(value) is int and value in INT64


def _number(value: JsonValue) -> bool:
    return type(value) is float or type(value) is int


_SCALARS: Mapping[str | None, Predicate] = {
    "null": _null,
    "boolean": _boolean,
    "number": _number,
}


def _string(value: JsonValue) -> bool:
    return type(value) is str


def _date(value: JsonValue) -> bool:
    return type(value) is str and is_date(value)


def _date_time(value: JsonValue) -> bool:
    return type(value) is str and is_date_time(value)


_STRINGS: Mapping[str | None, Predicate] = {"date": _date, "date-time": _date_time}


# The types of which each value is valid: this spares a call.
_ALWAYS_VALID: Mapping[Predicate, frozenset[type]] = {
    _boolean: frozenset({bool}),
    _integer: frozenset({int}),
    _number: frozenset({int, float}),
    _string: frozenset({str}),
}


def _array(is_valid: Predicate) -> Predicate:
    return lambda value: type(value) is list and all(map(is_valid, value))


def _map(is_valid: Predicate) -> Predicate:
    return lambda value: type(value) is dict and all(map(is_valid, value.values()))


def _object(members: Mapping[str, Predicate], required: Collection[str]) -> Predicate:
    required_members = [
        (name, _ALWAYS_VALID.get(it, frozenset()), it)
        for name, it in ((name, members.get(name, _anything)) for name in required)
    ]
    optional = dict(members)
    for name in required:
        optional.pop(name, None)

    def is_valid(value: JsonValue) -> bool:
        if type(value) is not dict:
            return False
        for name, types, is_member_valid in required_members:
            member = value.get(name, _ABSENT)
            if type(member) not in types and (member is _ABSENT or not is_member_valid(member)):
                return False
        if optional and value:
            # The intersection of views takes the time of the smaller.
            for name in optional.keys() & value.keys():
                if not optional[name](value[name]):
                    return False
        return True

    return is_valid
