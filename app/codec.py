"""JSON: strict when parsing, lenient when encoding what a model returns."""

import codecs
import decimal
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import jiter
import orjson

# Any JSON value when parsed; anything with a JSON counterpart when encoded.
JsonValue: TypeAlias = Any

# The parameters of one prediction, by name.
Row: TypeAlias = dict[str, JsonValue]

_INTEGERS = range(-(2**63), 2**64)
_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def decode(text: bytes) -> JsonValue:
    """Return the value of a JSON text in UTF-8, perhaps after a byte order mark.

    Also rejected, though RFC 8259's grammar allows them: duplicate names, numbers beyond 64 bits,
    lone surrogates, and more than 200 levels of nesting.

    Raises:
        ValueError: it is not valid, or rejected; the message says where.

    """
    text = text.removeprefix(codecs.BOM_UTF8)
    value = jiter.from_json(text, allow_inf_nan=False, catch_duplicate_keys=True)
    if _may_have_large_number(text) and not all(map(_has_64_bits, _scalars(value))):
        raise ValueError("a number beyond 64 bits")
    return value


def _may_have_large_number(text: bytes) -> bool:
    """Return whether there is an exponent or 19 digits; a regular expression takes longer."""
    alike = text.translate(_DIGITS_ALIKE)
    return b"0e" in alike or b"0" * 19 in alike


def _scalars(value: JsonValue) -> Iterator[JsonValue]:
    """Yield what objects and arrays hold, without recursion, whose depth each would pass."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            waiting.extend(value.values())
        elif type(value) is list:
            waiting.extend(value)
        else:
            yield value


def _has_64_bits(value: JsonValue) -> bool:
    if type(value) is int:
        return value in _INTEGERS
    return type(value) is not float or not math.isinf(value)


def encode(value: JsonValue) -> bytes:
    """Return `value` as JSON in UTF-8.

    numpy scalars and arrays, pandas objects, dates, Decimal, sets and tuples become what they
    hold; NaN and infinities become null; a DataFrame becomes a list of objects.

    Raises:
        TypeError: `value` holds something without a JSON counterpart.
        Exception: whatever its own code raises.

    """
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:  # numpy keys and integers beyond 64 bits still have a counterpart
        return orjson.dumps(_plain_copy(value), option=_OPTIONS)


def _plain(value: JsonValue) -> JsonValue:
    """Return the JSON counterpart of a value that orjson does not know."""
    match value:
        case decimal.Decimal():
            return float(value) if value.is_finite() else None
        case set() | frozenset() | tuple():
            return list(value)
        case Mapping():
            return dict(value)
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return value.to_dict(orient="records")
    # numpy's scalars and arrays, pandas' Series and Index; dates, pandas' Timestamp and Timedelta.
    for method in ("tolist", "isoformat"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise TypeError(f"a {type(value).__name__} has no JSON counterpart")


def _plain_copy(value: JsonValue) -> JsonValue:
    try:
        return _plain_deep(value)
    except RecursionError:
        raise TypeError(
            "a value is nested too deeply, or contains itself"
        ) from None  # its traceback has a thousand lines


def _plain_deep(value: JsonValue) -> JsonValue:
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


def _key(key: JsonValue) -> JsonValue:
    return key.item() if hasattr(key, "item") else key
