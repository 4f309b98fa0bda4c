"""What a model may return beyond the types that orjson knows, and what each becomes.

The packages that such values come from are not imported here: whoever has one has imported it.
"""

import dataclasses
import datetime
import decimal
import enum
import math
import numbers
import sys
import types
import uuid
from collections import UserString
from collections.abc import (
    AsyncGenerator,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    MappingView,
    Sequence,
)
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import islice
from typing import Any, NoReturn, TypeAlias

import orjson

from app.iso_8601 import format_datetime64, format_timedelta, format_timedelta64

# A value of a type that its function's name tells.
_Value: TypeAlias = Any
_Converter: TypeAlias = Callable[[Any], Any]

MAX_ITEMS = 1_000_000  # of an iterator, a range or a sparse matrix

_LARGEST_NUMBER = 8  # bytes; orjson knows no longer ones
_FLOATS: set[type] = set()  # numpy's float64, once a model has returned a value of numpy


def to_plain(value: _Value) -> _Value:
    """Return the JSON counterpart of a value that orjson does not know.

    It may hold more such values. Iterators, which can be read only once, are left to `collect`.

    Raises:
        TypeError: there is none; the message says what to return.
        Exception: whatever the value's own code raises.

    """
    if type(value) in _FLOATS:  # the usual type: looking up its converter takes longer
        return float(value)
    kind: Any = type(value)
    return _converter(kind)(value)


def collect(iterator: Iterator[_Value]) -> list[_Value]:
    """Return the items of an iterator.

    Raises:
        TypeError: there are more than MAX_ITEMS; it may be endless.
        Exception: whatever the iterator raises.

    """
    items = list(islice(iterator, MAX_ITEMS + 1))
    if len(items) > MAX_ITEMS:
        raise TypeError(
            f"a {type(iterator).__name__} has more than {MAX_ITEMS} items: return a list"
        )
    return items


@lru_cache(maxsize=256)  # a model may make a type for each call
def _converter(kind: type) -> _Converter:
    """Return the function that converts values of a type."""
    if issubclass(kind, (bytes, bytearray, memoryview, Iterator)):  # before tolist() and Sequence
        return _refusal(kind)
    return (
        _of_numpy(kind)
        or _NAMES.get(f"{kind.__module__}".partition(".")[0] + "." + kind.__name__)
        or _of_types(kind, _TYPES_BEFORE_ATTRIBUTES)
        or next((_ATTRIBUTES[name] for name in _ATTRIBUTES if hasattr(kind, name)), None)
        or _of_types(kind, _TYPES)
        or _refusal(kind)
    )


def _of_numpy(kind: type) -> _Converter | None:
    numpy = sys.modules.get("numpy")
    if numpy is None or not issubclass(kind, (numpy.generic, numpy.ndarray)):
        return None
    _FLOATS.add(numpy.float64)
    converters: dict[type, _Converter] = {
        numpy.ndarray: _from_array,
        numpy.void: _from_record,
        numpy.datetime64: format_datetime64,
        numpy.timedelta64: format_timedelta64,
        numpy.bool_: bool,
        numpy.integer: int,
        numpy.float16: _with_its_digits,
        numpy.float32: _with_its_digits,
        numpy.floating: float,
    }
    known = (converters[base] for base in kind.__mro__ if base in converters)
    return next(known, _refusal(kind))


def _of_types(kind: type, converters: "_OfTypes") -> _Converter | None:
    return next((converters[base] for base in converters if issubclass(kind, base)), None)


def _refusal(kind: type) -> _Converter:
    """Return a function that raises, for a type without a JSON counterpart."""
    default = "return a dict, a list, a str or a number"
    fix = next((_FIXES[base] for base in _FIXES if issubclass(kind, base)), default)

    def refuse(value: _Value) -> NoReturn:
        if isinstance(value, Coroutine):
            value.close()  # else Python warns that it was never awaited
        raise TypeError(f"a {kind.__name__} has no JSON counterpart: {fix}")

    return refuse


def _from_array(array: _Value) -> _Value:
    """Return a numpy array, or one of a subclass such as a masked array."""
    kind = array.dtype.kind
    if kind in "mM":  # tolist() has integers for some units
        return list(array) if array.ndim else array[()]
    if kind == "V":
        return list(array) if array.ndim else _from_record(array)
    is_known = kind in "biuf" and array.dtype.itemsize <= _LARGEST_NUMBER and array.ndim
    if is_known and type(array) is sys.modules["numpy"].ndarray:
        try:
            return _with_its_digits(array)
        except TypeError:  # its bytes are in another order
            native = array.dtype.newbyteorder("=")
            return _with_its_digits(array.astype(native, order="C"))
    return array.tolist()


def _with_its_digits(value: _Value) -> orjson.Fragment:
    """Return numpy's numbers as orjson writes them: fast, and 0.1 of 32 bits as 0.1."""
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def _from_record(record: _Value) -> _Value:
    """Return an item of a structured array."""
    names = record.dtype.names
    return record.tolist() if names is None else {name: record[name] for name in names}


def _from_data_frame(frame: _Value) -> _Value:
    columns = frame.columns
    if not columns.is_unique:
        name = columns[columns.duplicated()][0]
        raise TypeError(f"a {type(frame).__name__} has the column {name!r} twice: rename one")
    return frame.to_dict(orient="records")


def _from_struct(struct: _Value) -> _Value:
    kind = type(struct)
    fields = zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True)
    return {name: getattr(struct, field) for name, field in fields}


def _from_fields(value: _Value, fields: tuple[_Value, ...]) -> dict[str, _Value]:
    """Return the fields of an object, as orjson does for dataclasses: but the private ones."""
    names = [field.name for field in fields]
    return {name: getattr(value, name) for name in names if not name.startswith("_")}


def _from_tuple(value: _Value) -> _Value:
    return value._asdict() if hasattr(value, "_asdict") else list(value)


def _from_sparse(matrix: _Value) -> _Value:
    if math.prod(matrix.shape) > MAX_ITEMS:
        raise TypeError(f"a {type(matrix).__name__} has more than {MAX_ITEMS} items: return a part")
    return matrix.toarray()


def _from_set(value: _Value) -> list[_Value]:
    """Return the items, in an order that all processes agree on where there is one."""
    try:
        return sorted(value)
    except TypeError:
        return list(value)


_OfTypes: TypeAlias = dict[type | tuple[type, ...], _Converter]

# By the name of the package and the type.
_NAMES: dict[str, _Converter] = {
    "pandas.NaTType": lambda _: None,
    "pandas.NAType": lambda _: None,
    "pandas.Period": str,
    "pandas.Interval": str,
}

_TYPES_BEFORE_ATTRIBUTES: _OfTypes = {
    enum.Enum: lambda member: member.value,
    datetime.timedelta: format_timedelta,  # pandas' Timedelta, too
}

# By a documented attribute of the type, the first that it has.
_ATTRIBUTES: dict[str, _Converter] = {
    "model_dump": lambda value: value.model_dump(by_alias=True),  # pydantic's models
    "__struct_encode_fields__": _from_struct,  # msgspec's
    "__dataclass_fields__": lambda value: _from_fields(value, dataclasses.fields(value)),
    "__attrs_attrs__": lambda value: _from_fields(value, type(value).__attrs_attrs__),
    "itertuples": _from_data_frame,  # pandas' DataFrame
    "to_dicts": lambda value: value.to_dicts(),  # polars'
    "to_pylist": lambda value: value.to_pylist(),  # pyarrow's tables and arrays
    "toarray": _from_sparse,  # scipy's sparse matrices
    "tolist": lambda value: value.tolist(),  # arrays and tensors, pandas' Series and Index
    "to_list": lambda value: value.to_list(),  # polars' Series
    "isoformat": lambda value: value.isoformat(),  # dates and times, pandas' Timestamp
}

_TYPES: _OfTypes = {
    decimal.Decimal: lambda value: float(value) if value.is_finite() else None,
    numbers.Real: float,
    (uuid.UUID, UserString): str,
    range: lambda value: collect(iter(value)),
    tuple: _from_tuple,
    (set, frozenset): _from_set,
    Mapping: dict,
    (Sequence, AbstractSet, MappingView): list,
}

# What to write instead of a value without a JSON counterpart.
_FIXES: dict[type | tuple[type, ...], str] = {
    (bytes, bytearray, memoryview): "decode it to a str",
    numbers.Complex: "return its real and its imaginary part",
    Coroutine: "`await` is missing, or define run() with def",
    AsyncGenerator: "define run() with def and return a list",
    (types.FunctionType, types.BuiltinFunctionType, types.MethodType): "call it",
}
