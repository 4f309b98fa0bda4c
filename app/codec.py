"""JSON: parsed strictly, encoded generously."""

import datetime
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jiter
import orjson

_INTEGERS = range(-(2**63), 2**64)
# What may hold a number that no 64 bits hold: only such texts are searched for one.
_LARGE_NUMBER = re.compile(rb"[0-9][eE]|[0-9]{19}")
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def decode(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text in UTF-8.

    Beyond RFC 8259's grammar these are refused: duplicate names, numbers beyond 64 bits, lone
    surrogates, and more than 200 levels of nesting.

    Raises:
        ValueError: it is not valid, or refused; the message tells where.

    """
    value = jiter.from_json(text, allow_inf_nan=False, catch_duplicate_keys=True)
    if _LARGE_NUMBER.search(text):
        for number in _numbers(value):
            if number not in _INTEGERS if isinstance(number, int) else math.isinf(number):
                raise ValueError("a number beyond 64 bits")
    return value


def _numbers(value: Any) -> Iterator[float]:  # noqa: ANN401
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield value


def encode(value: Any) -> bytes:  # noqa: ANN401 - whatever a model returns
    """Return `value` as JSON in UTF-8.

    numpy scalars and arrays, pandas objects, dates, Decimal, sets and tuples become what they
    hold; NaN and infinities become null; a DataFrame becomes a list of objects.

    Raises:
        TypeError: `value` holds something that JSON has no counterpart for.

    """
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:  # perhaps only numpy keys, or integers beyond 64 bits: once more, by hand
        return orjson.dumps(_plain_deep(value), option=_OPTIONS)


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line for each type
    """Return one value that is none of JSON's as one that is."""
    match value:
        case decimal.Decimal():
            return float(value) if value.is_finite() else None
        case set() | frozenset() | tuple():
            return list(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            text = value.isoformat()
            return None if text == "NaT" else text
        case Mapping():
            return dict(value)
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return value.to_dict(orient="records")
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, pandas' Series and Index
        return value.tolist()
    if hasattr(value, "isoformat"):  # pandas' Timestamp and Timedelta
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no JSON counterpart")


def _plain_deep(value: Any) -> Any:  # noqa: ANN401
    match value:
        case None | bool() | float() | str():
            return value
        case int():
            return value if value in _INTEGERS else float(value)
        case dict():
            return {_key(key): _plain_deep(item) for key, item in value.items()}
        case list():
            return [_plain_deep(item) for item in value]
    return _plain_deep(_plain(value))


def _key(key: Any) -> Any:  # noqa: ANN401
    return key.item() if hasattr(key, "item") else key
