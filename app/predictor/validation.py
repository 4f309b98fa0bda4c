"""Validates bodies and words their errors: the full JSON Schema validator, with its formats."""

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import cast

from jsonschema import Draft4Validator, Draft6Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from rfc3339_validator import validate_rfc3339

from app.codec import JsonValue, Row
from app.text import truncate

INT64 = range(-(2**63), 2**63)

# Swagger 2.0 uses JSON Schema draft 4, whose Python type checker does not take 10.0 for an integer.
# Every later draft's does, and so does this service.
_SchemaValidator = extend(Draft4Validator, type_checker=Draft6Validator.TYPE_CHECKER)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MAX_SHOWN = 100


class Validator:
    """Finds the errors of a body; slow, see fast_validation.py."""

    def __init__(self, schema: Mapping[str, JsonValue]) -> None:
        """Validate by a JSON Schema of draft 4."""
        self._validator = _SchemaValidator(schema, format_checker=_formats)

    def validate(self, body: object) -> dict[str, str]:
        """Return all validation errors of a parsed body: parameter to message.

        The key is the parameter's name, followed by the path within it (`"features.3"`); it is
        `""` for a body that is not an object.
        """
        errors: dict[str, str] = {}
        for error in self._validator.iter_errors(body):
            for name, message in _messages(error):
                errors.setdefault(name, message)
        return errors


def _messages(error: ValidationError) -> Iterator[tuple[str, str]]:
    path = ".".join(str(part) for part in error.absolute_path)
    if error.validator == "required":
        required = cast("list[str]", error.validator_value)
        given = cast("Row", error.instance)
        for name in [name for name in required if name not in given]:
            yield f"{path}.{name}" if path else name, f"{name!r} is a required property"
    else:
        value = repr(error.instance)
        yield path, truncate(value, _MAX_SHOWN) + error.message.removeprefix(value)


def is_date(text: str) -> bool:
    """Return whether a text is an RFC 3339 full-date: YYYY-MM-DD."""
    try:
        return bool(_DATE.fullmatch(text) and datetime.date.fromisoformat(text))
    except ValueError:  # the digits are not a day of the calendar
        return False


def is_date_time(text: str) -> bool:
    """Return whether a text is an RFC 3339 date-time, with Z or an offset."""
    return bool(validate_rfc3339(text.upper()))


_formats = FormatChecker(formats=())


@_formats.checks("date")
def _check_date(value: object) -> bool:
    return not isinstance(value, str) or is_date(value)


@_formats.checks("date-time")
def _check_date_time(value: object) -> bool:
    return not isinstance(value, str) or is_date_time(value)


@_formats.checks("int64")
def _check_int64(value: object) -> bool:
    """64 bits: numpy has no wider integer."""
    return isinstance(value, bool) or not isinstance(value, int | float) or int(value) in INT64
