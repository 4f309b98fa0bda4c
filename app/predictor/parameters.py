"""From the user's `sample()` to parameter types, their JSON Schema and a validator."""

import datetime
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from jsonschema import Draft4Validator, Draft6Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from rfc3339_validator import validate_rfc3339

from app.errors import ModelError
from app.predictor.fast_validation import compile_validator

# Swagger 2.0 has JSON Schema draft 4, in whose Python type checker 10.0 is no integer; here
# it is one, as in every later draft.
_Validator = extend(Draft4Validator, type_checker=Draft6Validator.TYPE_CHECKER)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_LONGEST_VALUE = 100
_INT64 = range(-(2**63), 2**63)

_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    """RFC 3339 full-date: YYYY-MM-DD."""
    if not isinstance(value, str):
        return True
    return bool(_DATE.fullmatch(value) and datetime.date.fromisoformat(value))


def _is_valid_date(text: str) -> bool:
    try:
        return _is_date(text)
    except ValueError:
        return False


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    """RFC 3339 date-time: the offset, or Z, is required."""
    return not isinstance(value, str) or validate_rfc3339(value.upper())


@_formats.checks("int64")
def _is_int64(value: object) -> bool:
    """64 bits: more than that, no array holds."""
    return isinstance(value, bool) or not isinstance(value, int | float) or int(value) in _INT64


class Parameters:
    """The parameters of a model, read from an example of each.

    Attributes:
        schema: a JSON Schema (draft 4, as in Swagger 2.0) of the object that the model takes.
        sample: an object that is valid by it; dates are strings.
        is_valid: tells whether a parsed body is valid, fast and without saying why not.

    """

    def __init__(self, sample: Mapping[str, Any]) -> None:
        """Read the types of the parameters from `sample`; none means any JSON object.

        Raises:
            ModelError: an example's type has no JSON counterpart.

        """
        self.schema = _schema_of(dict(sample), "sample()")
        self.sample: dict[str, Any] = _example(dict(sample))
        self.is_valid = compile_validator(
            self.schema, {"date": _is_valid_date, "date-time": _is_date_time}
        )
        self._validator = _Validator(self.schema, format_checker=_formats)

    def check(self, body: object) -> dict[str, str]:
        """Return every fault of a parsed body: parameter to message; empty where valid.

        The key is the parameter's name, followed for a part of it by its path
        (`"features.3"`); it is `""` for a body that is no object.
        """
        errors: dict[str, str] = {}
        if self.is_valid(body):
            return errors
        for error in self._validator.iter_errors(body):
            for name, message in _errors_of(error):
                errors.setdefault(name, message)
        return errors

    def convert(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a valid body with its whole numbers as int, where the parameter is one."""
        converted: dict[str, Any] = _convert(body, self.schema)
        return converted


def _errors_of(error: ValidationError) -> Iterator[tuple[str, str]]:
    path = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        required = cast("list[str]", error.validator_value)
        given = cast("dict[str, Any]", error.instance)
        for name in [name for name in required if name not in given]:
            yield f"{path}.{name}" if path else name, f"{name!r} is a required property"
    else:
        shown = repr(error.instance)
        short = shown if len(shown) <= _LONGEST_VALUE else f"{shown[:_LONGEST_VALUE]}…"
        yield path, short + error.message.removeprefix(shown)


def _schema_of(value: Any, where: str) -> dict[str, Any]:  # noqa: ANN401, C901, PLR0911
    """Return the schema of all values of the type of this example."""
    value = _plain(value)
    match value:
        case None:
            return {"x-nullable": True}
        case bool():
            return {"type": "boolean", "example": value}
        case int():
            if value not in _INT64:
                raise ModelError(f"{where} is beyond 64 bits: give a smaller example")
            return {"type": "integer", "format": "int64", "example": value}
        case float() | decimal.Decimal():
            return {"type": "number", "example": _example(value)}
        case datetime.datetime():
            return {"type": "string", "format": "date-time", "example": _example(value)}
        case datetime.date():
            return {"type": "string", "format": "date", "example": _example(value)}
        case str():
            return {"type": "string", **_format_of(value), "example": _example(value)}
        case list() | tuple():
            return {
                "type": "array",
                "items": _items(list(value), where),
                "example": _example(value),
            }
        case dict():
            properties = {
                name: _schema_of(item, f"{where}[{name!r}]") for name, item in value.items()
            }
            required = [name for name, item in value.items() if item is not None]
            schema: dict[str, Any] = {"type": "object"}
            if properties:
                schema["properties"] = properties
            if required:
                schema["required"] = required
            return schema
    raise ModelError(
        f"{where} is a {type(value).__name__}, which JSON does not have: give a plain example"
    )


def _items(values: list[Any], where: str) -> dict[str, Any]:
    """Return the schema of a list's items: that of the examples where all agree, else any."""
    schemas = [_schema_of(value, f"{where}[{index}]") for index, value in enumerate(values)]
    kinds = {str(_without_examples(schema)) for schema in schemas}
    return schemas[0] if len(kinds) == 1 else {}


def _without_examples(schema: Any) -> Any:  # noqa: ANN401
    if isinstance(schema, dict):
        return {key: _without_examples(item) for key, item in schema.items() if key != "example"}
    return schema


def _format_of(text: str) -> dict[str, str]:
    try:
        if _DATE.fullmatch(text) and datetime.date.fromisoformat(text):
            return {"format": "date"}
        if _DATE_TIME.fullmatch(text) and datetime.datetime.fromisoformat(text):
            return {"format": "date-time"}
    except ValueError:  # a pattern of digits, but no day of the calendar
        pass
    return {}


def _example(value: Any) -> Any:  # noqa: ANN401, PLR0911
    """Return the JSON value of an example, valid by its own schema."""
    value = _plain(value)
    match value:
        case datetime.datetime():
            return value.isoformat() + ("" if value.tzinfo else "Z")
        case datetime.date():
            return value.isoformat()
        case str() if _format_of(value).get("format") == "date-time" and not _is_date_time(value):
            return _example(datetime.datetime.fromisoformat(value))  # which adds what it lacks
        case float() | decimal.Decimal():
            return float(value) if math.isfinite(value) else 0.0
        case list() | tuple():
            return [_example(item) for item in value]
        case dict():
            return {name: _example(item) for name, item in value.items()}
    return value


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a numpy scalar or array, or a pandas time, as the Python value that it holds."""
    if type(value).__module__.partition(".")[0] not in ("numpy", "pandas"):
        return value
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if type(value).__name__ == "datetime64":
        return value.astype("datetime64[us]" if "D" not in str(value.dtype) else value.dtype).item()
    return value.tolist() if hasattr(value, "tolist") else value


def _convert(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    kind = schema.get("type")
    if kind == "integer":
        return int(value)
    if kind == "object":
        properties = schema.get("properties", {})
        return {
            n: _convert(item, properties[n]) if n in properties else item
            for n, item in value.items()
        }
    if kind == "array":
        return [_convert(item, schema["items"]) for item in value]
    return value
