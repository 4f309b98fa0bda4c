"""Dates, date-times and durations as text, of Python, NumPy and pandas alike."""

import datetime
import sys
from typing import Any, TypeAlias

# NumPy is not imported here: whoever has a value of it has imported it.
_NumpyScalar: TypeAlias = Any

_MICROSECOND = datetime.timedelta(microseconds=1)
# Attoseconds, the smallest of NumPy's units of time, in the others.
_ATTOSECONDS = {
    "W": 7 * 86_400 * 10**18, "D": 86_400 * 10**18, "h": 3600 * 10**18, "m": 60 * 10**18,
    "s": 10**18, "ms": 10**15, "us": 10**12, "ns": 10**9, "ps": 10**6, "fs": 1000, "as": 1,
}  # fmt: skip
# Units that are written in a finer one.
_FINER = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}


def format_datetime64(value: _NumpyScalar) -> str | None:
    """Return a numpy.datetime64 as isoformat() of a date or datetime does; None for NaT.

    A year that Python's types do not have is written as NumPy writes it.
    """
    numpy = sys.modules["numpy"]
    if numpy.isnat(value):
        return None
    unit, _ = numpy.datetime_data(value.dtype)
    finer = value.astype(f"datetime64[{_FINER.get(unit, unit)}]")
    is_exact = finer.astype(value.dtype) == value  # not beyond what the finer unit can hold
    whole, _, fraction = str(finer if is_exact else value).partition(".")
    fraction = fraction.rstrip("0")
    if not fraction:
        return whole
    digits = max(6, (len(fraction) + 2) // 3 * 3)  # as of microseconds or a finer unit
    return f"{whole}.{fraction.ljust(digits, '0')}"


def format_timedelta64(value: _NumpyScalar) -> str | int | None:
    """Return a numpy.timedelta64 as a duration; None for NaT, an integer where it has no unit."""
    numpy = sys.modules["numpy"]
    if numpy.isnat(value):
        return None
    unit, step = numpy.datetime_data(value.dtype)
    count = int(value.astype("int64")) * int(step)
    match unit:
        case "generic":
            return count
        case "Y" | "M":
            return f"{'-' * (count < 0)}P{abs(count)}{unit}"
    return _format_duration(count * _ATTOSECONDS[unit])


def format_timedelta(value: datetime.timedelta) -> str | int | None:
    """Return a timedelta, or a pandas Timedelta with its nanoseconds, as a duration."""
    if hasattr(value, "to_timedelta64"):
        return format_timedelta64(value.to_timedelta64())
    return _format_duration(value // _MICROSECOND * _ATTOSECONDS["us"])


def _format_duration(attoseconds: int) -> str:
    """Return a duration as pandas writes it, but with the sign first.

    ISO 8601-2 allows signs within a duration, which few programs read.
    """
    seconds, fraction = divmod(abs(attoseconds), _ATTOSECONDS["s"])
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    decimals = f".{fraction:018}".rstrip("0").rstrip(".")
    return f"{'-' * (attoseconds < 0)}P{days}DT{hours}H{minutes}M{seconds}{decimals}S"
