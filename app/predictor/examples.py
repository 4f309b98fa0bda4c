"""The type of a parameter by its example, and the example as a caller sends it."""

import datetime
import decimal
import math
import re
from collections.abc import Mapping, Sequence

from app.codec import JsonValue, decode, encode
from app.errors import ModelError
from app.predictor.dialect import Schema
from app.predictor.formats import INT64, is_date, is_date_time

_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)

# By the first type that fits: a bool is an int, and a datetime a date.
_SCALARS: dict[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    datetime.datetime: {"type": "string", "format": "date-time"},
    datetime.date: {"type": "string", "format": "date"},
}


def schema_of_sample(sample: Mapping[str, JsonValue]) -> Schema:
    """Return the schema of a body by an example of each parameter.

    Raises:
        ModelError: an example has no JSON counterpart.

    """
    try:
        return _schema_of(dict(sample), "sample()")
    except RecursionError:
        raise ModelError(
            "sample() holds a value that is nested too deeply, or contains itself: flatten it"
        ) from None  # its traceback has a thousand lines


def sendable(value: JsonValue, what: str, *, defines_type: bool = False) -> JsonValue:
    """Return an example as a caller sends it: dates are strings.

    Args:
        value: the example.
        what: its name, for the message.
        defines_type: whether a text that is a date-time but for its offset shall have one.

    Raises:
        ModelError: no caller can send it.

    """
    try:
        return decode(encode([_example(value, add_offset=defines_type)]))[0]
    except (ValueError, TypeError, RecursionError) as error:
        raise ModelError(f"{what} cannot be sent as JSON: {error}; give another example") from error


def _schema_of(value: JsonValue, where: str) -> Schema:
    """Return the schema of all values that have the type of this example."""
    value = to_python(value)
    match value:
        case None:
            return {}
        case dict():
            return _object_schema(value, where)
        case list() | tuple():
            return {"type": "array", "items": _items(value, where), "example": _example(value)}
        case str():
            return {"type": "string", **_format_of(value), "example": _example(value)}
    for type_, keywords in _SCALARS.items():
        if isinstance(value, type_):
            if type_ is int and value not in INT64:
                raise ModelError(f"{where} is beyond 64 bits: give a smaller example")
            return {**keywords, "example": _example(value)}
    raise ModelError(
        f"{where}: type {type(value).__name__} is not JSON-serialisable; use a plain value"
    )


def _object_schema(value: dict[str, JsonValue], where: str) -> Schema:
    for name in value:
        if not isinstance(name, str):
            raise ModelError(f"{where} has the name {name!r}: names in JSON are strings")
    schema: dict[str, JsonValue] = {"type": "object"}
    if value:
        schema["properties"] = {
            name: _schema_of(item, f"{where}[{name!r}]") for name, item in value.items()
        }
    if required := [name for name, item in value.items() if item is not None]:
        schema["required"] = required
    return schema


def _items(values: Sequence[JsonValue], where: str) -> Schema:
    """Return the schema of a list's items: the examples' own if they agree, else any value."""
    schemas = [_schema_of(value, f"{where}[{index}]") for index, value in enumerate(values)]
    kinds = {str(_without_examples(schema)) for schema in schemas}
    return schemas[0] if len(kinds) == 1 else {}


def _without_examples(schema: JsonValue) -> JsonValue:
    if isinstance(schema, dict):
        return {key: _without_examples(item) for key, item in schema.items() if key != "example"}
    return schema


def _format_of(text: str) -> dict[str, str]:
    try:
        if is_date(text):
            return {"format": "date"}
        if _DATE_TIME.fullmatch(text) and datetime.datetime.fromisoformat(text):
            return {"format": "date-time"}
    except ValueError:  # a pattern of digits, but no day of the calendar
        pass
    return {}


def _example(value: JsonValue, *, add_offset: bool = True) -> JsonValue:
    """Return the JSON value of an example, valid by its own schema."""
    value = to_python(value)
    match value:
        case datetime.date():
            is_naive = isinstance(value, datetime.datetime) and value.tzinfo is None
            return value.isoformat() + ("Z" if is_naive else "")
        case str() if add_offset and _format_of(value).get("format") == "date-time":
            return (
                value if is_date_time(value) else _example(datetime.datetime.fromisoformat(value))
            )
        case float():
            return value if math.isfinite(value) else 0.0
        case list() | tuple():
            return [_example(item, add_offset=add_offset) for item in value]
        case dict():
            return {name: _example(item, add_offset=add_offset) for name, item in value.items()}
    return value


def to_python(value: JsonValue) -> JsonValue:
    """Return the Python value of a numpy scalar or array, a pandas time, or a Decimal."""
    if isinstance(value, decimal.Decimal):
        return float(value) if value.is_finite() else math.nan
    if type(value).__module__.partition(".")[0] not in ("numpy", "pandas"):
        return value
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if type(value).__name__ == "datetime64":
        return value.astype("datetime64[us]" if "D" not in str(value.dtype) else value.dtype).item()
    return value.tolist() if hasattr(value, "tolist") else value
