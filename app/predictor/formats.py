"""The formats of JSON Schema that parameters have: a date, a date-time, an integer of 64 bits."""

import datetime
import re

from jsonschema import FormatChecker
from rfc3339_validator import validate_rfc3339

INT64 = range(-(2**63), 2**63)

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Validates by the formats below alone.
format_checker = FormatChecker(formats=())


def is_date(text: str) -> bool:
    """Return whether a text is an RFC 3339 full-date: YYYY-MM-DD."""
    try:
        return bool(_DATE.fullmatch(text) and datetime.date.fromisoformat(text))
    except ValueError:  # the digits are not a day of the calendar
        return False


def is_date_time(text: str) -> bool:
    """Return whether a text is an RFC 3339 date-time, with Z or an offset."""
    # The validator's pattern ends with $, which matches before a line feed, too. It takes capitals
    # alone, and upper() turns some letters beyond ASCII into these.
    return text.isascii() and text[-1:] != "\n" and bool(validate_rfc3339(text.upper()))


@format_checker.checks("date")
def _check_date(value: object) -> bool:
    return not isinstance(value, str) or is_date(value)


@format_checker.checks("date-time")
def _check_date_time(value: object) -> bool:
    return not isinstance(value, str) or is_date_time(value)


@format_checker.checks("int64")
def _check_int64(value: object) -> bool:
    """64 bits: numpy has no wider integer."""
    return isinstance(value, bool) or not isinstance(value, int | float) or int(value) in INT64
