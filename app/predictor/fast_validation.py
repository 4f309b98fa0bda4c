"""Validates bodies fast, without a reason: a schema compiled to one Python function.

It accepts exactly what the full validator of validation.py accepts, which
tests/predictor/test_fast_validation.py checks. Only the full validator words errors.
"""

from collections.abc import Callable, Collection, Mapping

from app.codec import JsonValue
from app.predictor.formats import INT64, is_date, is_date_time

Predicate = Callable[[JsonValue], bool]

_ABSENT = object()


def compile_validator(schema: Mapping[str, JsonValue]) -> Predicate:
    """Return a function that returns whether a parsed JSON value is valid by `schema`.

    Its time grows with the value, not with the schema.

    Args:
        schema: as parameters.py derives it from a sample.

    """
    kind = schema.get("type")
    if kind == "string":
        return _STRINGS.get(schema.get("format"), _string)
    if kind == "array":
        return _array(compile_validator(schema["items"]))
    if kind == "object":
        members = {
            name: compile_validator(item) for name, item in schema.get("properties", {}).items()
        }
        return _object(members, schema.get("required", ()))
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


def _string(value: JsonValue) -> bool:
    return type(value) is str


def _date(value: JsonValue) -> bool:
    return type(value) is str and is_date(value)


def _date_time(value: JsonValue) -> bool:
    return type(value) is str and is_date_time(value)


_STRINGS: dict[str | None, Predicate] = {"date": _date, "date-time": _date_time}


def _array(is_valid: Predicate) -> Predicate:
    return lambda value: type(value) is list and all(map(is_valid, value))


def _object(members: Mapping[str, Predicate], required: Collection[str]) -> Predicate:
    required_members = [(name, members.get(name, _anything)) for name in required]
    optional = dict(members)
    for name in required:
        optional.pop(name, None)

    def is_valid(value: JsonValue) -> bool:
        if type(value) is not dict:
            return False
        for name, is_member_valid in required_members:
            member = value.get(name, _ABSENT)
            if member is _ABSENT or not is_member_valid(member):
                return False
        if optional and value:
            # The intersection of views takes the time of the smaller.
            for name in optional.keys() & value.keys():
                if not optional[name](value[name]):
                    return False
        return True

    return is_valid
