"""Reads the tensors of a request: data in JSON, nested or flat, or binary after it.

https://github.com/kserve/open-inference-protocol, and Triton's extension for binary data.
"""

import math
import struct
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from werkzeug.exceptions import BadRequest

from app.codec import JsonValue
from app.text import truncate

_MAX_RANK = 16
_MAX_SHOWN = 100


class _Datatype(NamedTuple):
    code: str  # of the module struct; empty for texts
    types: frozenset[type]  # of values in JSON
    bounds: tuple[float, float] | None = None

    @property
    def is_float(self) -> bool:
        """Whether NaN is one of the values."""
        return float in self.types

    def has(self, value: JsonValue) -> bool:
        """Return whether a JSON value is one, or null; a whole number is an integer."""
        if type(value) is float and value.is_integer() and int in self.types:
            value = int(value)
        if type(value) not in self.types:
            return value is None
        return self.bounds is None or self.bounds[0] <= value <= self.bounds[1]

    def has_all(self, values: list[JsonValue]) -> bool:
        """Return whether each value is one, but null; fast."""
        if not {*map(type, values)} <= self.types:
            return False
        return not values or (
            self.bounds is None or self.bounds[0] <= min(values) <= max(values) <= self.bounds[1]
        )


def _integers(code: str, low: int, high: int) -> _Datatype:
    return _Datatype(code, frozenset({int}), (low, high))


def _floats(code: str, high: float | None = None) -> _Datatype:
    return _Datatype(code, frozenset({int, float}), None if high is None else (-high, high))


_DATATYPES = {
    "BOOL": _Datatype("?", frozenset({bool})),
    **{f"UINT{8 << it}": _integers("BHIQ"[it], 0, 2 ** (8 << it) - 1) for it in range(4)},
    **{
        f"INT{8 << it}": _integers("bhiq"[it], -(2 ** ((8 << it) - 1)), 2 ** ((8 << it) - 1) - 1)
        for it in range(4)
    },
    "FP16": _floats("e", 65504.0),
    "FP32": _floats("f", (2 - 2**-23) * 2.0**127),
    "FP64": _floats("d"),
    "BYTES": _Datatype("", frozenset({str})),
}


class Tensor(NamedTuple):
    """A tensor whose first dimension is that of the rows.

    Attributes:
        name: as the request has it.
        datatype: one of the protocol's.
        shape: has one dimension at least, and no 0 but for the number of rows.
        values: row-major; as many as the shape says.
        non_finite: the positions of values that are NaN or infinite.

    """

    name: str
    datatype: str
    shape: list[int]
    values: list[JsonValue]
    non_finite: list[int]

    def __str__(self) -> str:
        """Return it as messages name it."""
        return _called(self.name)


def read_tensors(inputs: JsonValue, binary: bytes) -> list[Tensor]:
    """Return the tensors of a request.

    Args:
        inputs: of the JSON of the request.
        binary: what follows the JSON.

    Raises:
        BadRequest: they are not tensors, or do not have the data that they say.

    """
    if type(inputs) is not list or not inputs:
        raise BadRequest("'inputs' is not a list of tensors: send one for each parameter")
    reader = _Reader(binary)
    tensors: dict[str, Tensor] = {}
    for value in inputs:
        tensor = reader.tensor(value)
        if tensor.name in tensors:
            raise BadRequest(f"{tensor} is there twice")
        tensors[tensor.name] = tensor
    reader.check_end()
    return [*tensors.values()]


class _Reader:
    """Reads one tensor after the other."""

    def __init__(self, binary: bytes) -> None:
        self._binary = binary
        self._position = 0

    def tensor(self, value: JsonValue) -> Tensor:
        """Return a tensor by its JSON."""
        if type(value) is not dict or type(value.get("name")) is not str:
            raise BadRequest("An input is no object with a name: send name, shape, datatype, data")
        called = _called(value["name"])
        datatype = value.get("datatype")
        kind = _DATATYPES.get(datatype) if type(datatype) is str else None
        if kind is None:
            raise BadRequest(f"{called} has no known datatype: use one of {', '.join(_DATATYPES)}")
        shape = _shape(value.get("shape"), called)
        parameters = value.get("parameters")
        size = parameters.get("binary_data_size") if type(parameters) is dict else None
        data = value.get("data")
        if (size is None) == (data is None):
            raise BadRequest(f"{called} needs either data or the parameter binary_data_size")
        non_finite: list[int] = []
        if size is None:
            values = _flat(data, shape, called)
            _check_values(values, kind, f"{called} has no {datatype}")
        else:
            values = _unpacked(self._next(size, called), kind, math.prod(shape), called)
            if kind.is_float and not math.isfinite(sum(values)):
                non_finite = [at for at, it in enumerate(values) if not math.isfinite(it)]
        return Tensor(value["name"], str(datatype), shape, values, non_finite)

    def check_end(self) -> None:
        """Check that there is no more binary data."""
        if self._position != len(self._binary):
            raise BadRequest(
                f"The binary_data_size of all tensors is {self._position} in all, "
                f"but {len(self._binary)} bytes follow the JSON"
            )

    def _next(self, size: JsonValue, called: str) -> bytes:
        left = len(self._binary) - self._position
        if type(size) is not int or not 0 <= size <= left:
            raise BadRequest(
                f"{called} has a binary_data_size that is not one of the {left} bytes left: "
                "send the length of the JSON as Inference-Header-Content-Length"
            )
        self._position += size
        return self._binary[self._position - size : self._position]


def _called(name: str) -> str:
    return f"Tensor {truncate(name, _MAX_SHOWN)!r}"


def _shape(shape: JsonValue, called: str) -> list[int]:
    is_shape = type(shape) is list and {*map(type, shape)} == {int} and min(shape) >= 0
    if not is_shape or len(shape) > _MAX_RANK:
        raise BadRequest(f"{called} has no valid shape: send one such as [2, 4], rows first")
    if shape[0] and 0 in shape:
        raise BadRequest(f"{called} has the shape {shape}: rows without values")
    return list(shape)


def _flat(data: JsonValue, shape: list[int], called: str) -> list[JsonValue]:
    """Return data that is flat, or nested to the shape, as a flat list."""
    if type(data) is list and len(shape) > 1 and data and type(data[0]) is list:
        if len(data) != shape[0]:
            raise _not_shaped(called, shape)
        for length in shape[1:]:
            if {*map(type, data)} != {list} or {*map(len, data)} != {length}:
                raise _not_shaped(called, shape)
            data = list(chain.from_iterable(data))
    if type(data) is not list or len(data) != math.prod(shape):
        raise _not_shaped(called, shape)
    return data


def _not_shaped(called: str, shape: list[int]) -> BadRequest:
    return BadRequest(f"{called} has data that is not of its shape {shape}")


def _check_values(values: list[JsonValue], kind: _Datatype, message: str) -> None:
    if not kind.has_all(values):
        for position, value in enumerate(values):
            if not kind.has(value):
                raise BadRequest(f"{message} at position {position} of its data")


def _unpacked(binary: bytes, kind: _Datatype, count: int, called: str) -> list[JsonValue]:
    """Return the values of binary data, which is little-endian."""
    if not kind.code:
        texts: list[JsonValue] = list(_texts(binary, called))
        if len(texts) != count:
            raise BadRequest(f"{called} has {len(texts)} texts, but its shape says {count}")
        return texts
    if len(binary) != count * struct.calcsize(f"<{kind.code}"):
        raise BadRequest(f"{called} has {len(binary)} bytes, which are not {count} values")
    return list(struct.unpack(f"<{count}{kind.code}", binary))


def _texts(binary: bytes, called: str) -> Iterator[str]:
    end = 0
    while end < len(binary):
        start = end + 4
        end = start + int.from_bytes(binary[end:start], "little")
        if max(start, end) > len(binary):
            raise BadRequest(f"{called} has a text that is longer than its data")
        try:
            yield str(binary[start:end], "utf-8")
        except UnicodeDecodeError:
            raise BadRequest(f"{called} has a text that is not UTF-8") from None
