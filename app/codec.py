"""JSON: strict when parsing, lenient when encoding what a model returns."""

import codecs
import math
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, TypeAlias

import jiter
import orjson

from app.plain import collect, to_plain

# Any JSON value when parsed; anything with a JSON counterpart when encoded.
JsonValue: TypeAlias = Any

# The parameters of one prediction, by name.
Row: TypeAlias = dict[str, JsonValue]

_LONG_TEXT = 4096  # bytes
_BEGINNING = 1024
_STRING_VALUE = re.compile(rb':\s*"')  # that is no name
_INTEGERS = range(-(2**63), 2**64)
_NINETEEN_DIGITS = b"0" * 19
_NO_DIGIT = re.compile(b"[^0]")
_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE_EXPONENT = re.compile(rb"e\+?000")
# numpy's values are converted here, since orjson writes its NaT as a date; and so are dataclasses,
# of which orjson writes what is no field too.
_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def decode(text: bytes) -> JsonValue:
    """Return the value of a JSON text in UTF-8, perhaps after a byte order mark.

    Also rejected, though RFC 8259's grammar allows them: duplicate names, numbers beyond 64 bits,
    lone surrogates, and more than 200 levels of nesting.

    Raises:
        ValueError: it is not valid, or rejected; the message says where.

    """
    text = text.removeprefix(codecs.BOM_UTF8)
    value = _parse(text)
    if _may_have_large_number(text) and not all(map(_has_64_bits, _scalars(value))):
        raise ValueError("a number beyond 64 bits")
    return value


def _parse(text: bytes) -> JsonValue:
    """Parse a text, and reject names that an object has twice.

    jiter takes as long to find these as for all else. Where a long text begins with numbers alone
    it is faster to count: most likely each colon follows a name, none of which may be missing in
    the value.
    """
    if len(text) > _LONG_TEXT and not _STRING_VALUE.search(text, 0, _BEGINNING):
        value = jiter.from_json(text, allow_inf_nan=False)
        if _has_names(value, text.count(b":")):
            return value
    return jiter.from_json(text, allow_inf_nan=False, catch_duplicate_keys=True)


def _has_names(value: JsonValue, number: int) -> bool:
    """Return whether the objects in a value have `number` names together, or more."""
    level = [value]
    while level:
        objects = [item for item in level if type(item) is dict]
        number -= sum(map(len, objects))
        if number <= 0:
            return True
        lists = [item for item in level if type(item) is list]
        level = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]
    return False


def _may_have_large_number(text: bytes) -> bool:
    """Return whether there is an exponent of three digits, or an integer of 19.

    Negative exponents, and many digits after a point, are those of small numbers.
    """
    alike = text.translate(_DIGITS_ALIKE)
    if _LARGE_EXPONENT.search(alike):
        return True
    start = alike.find(_NINETEEN_DIGITS)
    while start >= 0:
        if alike[start - 1 : start] != b".":
            return True
        end = _NO_DIGIT.search(alike, start)
        start = alike.find(_NINETEEN_DIGITS, end.start()) if end else -1
    return False


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

    What `to_plain` knows becomes what it holds: NumPy's, pandas' and other libraries' arrays,
    tables, dates and durations, dataclasses and models, sets, sequences and iterators. NaN,
    infinities, NaT and NA become null, an integer beyond 64 bits becomes a float, and the names of
    an object become text.

    Raises:
        TypeError: `value` holds something without a JSON counterpart, or contains itself.
        Exception: whatever its own code raises.

    """
    try:
        return orjson.dumps(value, default=to_plain, option=_OPTIONS)
    except TypeError:  # iterators, other names, integers beyond 64 bits still have a counterpart
        return orjson.dumps(_plain_copy(value), option=_OPTIONS)


def encode_all(values: list[JsonValue]) -> bytes | None:
    """Return a JSON array of values; None where one of them takes `encode`, or has an error.

    It is several times as fast as `encode` for each. No iterator is read.
    """
    try:
        return orjson.dumps(values, default=to_plain, option=_OPTIONS)
    except BaseException:  # noqa: BLE001 - `encode` raises it once more
        return None


def _plain_copy(value: JsonValue) -> JsonValue:
    try:
        return _plain_deep(value)
    except RecursionError:
        raise TypeError(
            "a value is nested too deeply, or contains itself"
        ) from None  # its traceback has a thousand lines


def _plain_deep(value: JsonValue) -> JsonValue:
    plain: JsonValue
    match value:
        case None | bool() | str() | orjson.Fragment():
            plain = value
        case float():
            plain = float(value)
        case int():
            plain = int(value)  # a subclass would take for ever to be found in a range
            plain = plain if plain in _INTEGERS else float(plain)
        case dict():
            plain = {_name(key): _plain_deep(item) for key, item in value.items()}
        case list():
            plain = [_plain_deep(item) for item in value]
        case Iterator():
            plain = [_plain_deep(item) for item in collect(value)]
        case _:
            plain = _plain_deep(to_plain(value))
    return plain


def _name(key: JsonValue) -> JsonValue:
    """Return a name that orjson writes as text."""
    plain = _plain_deep(key)
    match plain:
        case orjson.Fragment():  # numpy's floats of fewer bits
            return key.item()
        case None | str() | bool() | int() | float():
            return plain
    raise TypeError(f"a {type(key).__name__} cannot be the name of a value: use a str")
