"""The tensors of a request: JSON, nested or flat, and binary data after it."""

import math
import struct
import time
from typing import Any

import pytest
from werkzeug.exceptions import BadRequest

from app.api.v2_tensors import Tensor, read_tensors


def tensor(shape: Any, datatype: Any = "FP64", **others: Any) -> dict[str, Any]:
    return {"name": "x", "shape": shape, "datatype": datatype, **others}


def read(value: dict[str, Any], binary: bytes = b"") -> Tensor:
    (read,) = read_tensors([value], binary)
    return read


def read_binary(shape: list[int], datatype: str, binary: bytes) -> Tensor:
    parameters = {"binary_data_size": len(binary)}
    return read(tensor(shape, datatype, parameters=parameters), binary)


def error_of(inputs: Any, binary: bytes = b"") -> str:
    with pytest.raises(BadRequest) as raised:
        read_tensors(inputs, binary)
    message = str(raised.value.description)
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([6], [1, 2, 3, 4, 5, 6]),
        ([2, 3], [1, 2, 3, 4, 5, 6]),
        ([2, 3], [[1, 2, 3], [4, 5, 6]]),
        ([6, 1], [[1], [2], [3], [4], [5], [6]]),
        ([2, 3, 1], [[[1], [2], [3]], [[4], [5], [6]]]),
    ],
)
def test_data_may_be_flat_or_nested(shape: list[int], data: list[Any]) -> None:
    assert read(tensor(shape, "INT8", data=data)).values == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([2], [1, 2, 3]),
        ([2, 2], [1, 2, 3]),
        ([2, 2], [[1, 2], [3]]),
        ([2, 2], [[1, 2], 3, 4]),
        ([2, 2], [1, 2, [3, 4]]),
        ([2, 2], [[1, 2, 3, 4]]),
        ([2, 2], [[[1], [2]], [[3], [4]]]),
        ([2, 2], [["a", "b"], "cd"]),
        ([4], [[1, 2], [3, 4]]),
        ([1], {"0": 1}),
        ([0], [1]),
        ([10**12], []),
    ],
)
def test_data_of_another_shape_are_rejected(shape: list[int], data: Any) -> None:
    message = error_of([tensor(shape, "INT64", data=data)])
    assert message.startswith("Tensor 'x' has ")


@pytest.mark.parametrize(
    "shape",
    [None, 2, "2", [], [-1], [2, -2], [1.0], [True], ["1"], [[1]], [1] * 17, [2**63] * 100_000],
)
def test_what_is_no_shape_is_rejected(shape: Any) -> None:
    assert "has no valid shape" in error_of([tensor(shape, data=[1])])


def test_rows_without_values_are_rejected() -> None:
    for shape in ([10**9, 0], [3, 0, 5]):
        assert "rows without values" in error_of([tensor(shape, data=[])])


def test_there_may_be_no_rows() -> None:
    for shape in ([0], [0, 4], [0, 10**12]):
        assert read(tensor(shape, data=[])).values == []
        assert read_binary(shape, "FP32", b"").values == []


@pytest.mark.parametrize(
    ("datatype", "values"),
    [
        ("BOOL", [True, False, None]),
        ("UINT8", [0, 255]),
        ("INT16", [-32768, 32767]),
        ("UINT32", [2**32 - 1]),
        ("UINT64", [0, 2**64 - 1]),
        ("INT64", [-(2**63), 2**63 - 1]),
        ("INT64", [1.0, None, -3.0]),
        ("FP16", [65504, -65504.0]),
        ("FP32", [3.4028234663852886e38, 1, 0.1]),
        ("FP64", [1.7e308, -1, 0.5, None]),
        ("BYTES", ["", "straße", None]),
    ],
)
def test_values_of_a_datatype_are_accepted_as_they_are(datatype: str, values: list[Any]) -> None:
    assert read(tensor([len(values)], datatype, data=values)).values == values


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        ("BOOL", 1),
        ("UINT8", -1),
        ("INT8", -129.0),
        ("INT32", 2**31),
        ("INT64", 2**63),
        ("INT64", 0.5),
        ("INT64", True),
        ("FP16", 65505),
        ("FP32", 1e39),
        ("FP64", False),
        ("FP64", "0.1"),
        ("BYTES", 1),
    ],
)
def test_a_value_of_another_datatype_is_rejected_with_its_position(
    datatype: str, value: Any
) -> None:
    message = error_of([tensor([3], datatype, data=[None, None, value])])
    assert message == f"Tensor 'x' has no {datatype} at position 2 of its data"


@pytest.mark.parametrize(
    ("datatype", "code", "values"),
    [
        ("BOOL", "?", [True, False]),
        ("UINT64", "Q", [1, 2**64 - 1]),
        ("INT8", "b", [-128, 127]),
        ("INT32", "i", [-2, 3]),
        ("INT64", "q", [-2, 3]),
        ("FP16", "e", [0.5, -2.0]),
        ("FP32", "f", [0.10000000149011612, -2.0]),
        ("FP64", "d", [0.1, -2.0]),
    ],
)
def test_binary_data_are_little_endian(datatype: str, code: str, values: list[Any]) -> None:
    read = read_binary([2], datatype, struct.pack(f"<2{code}", *values)).values
    assert read == values
    assert [*map(type, read)] == [*map(type, values)]


def test_binary_texts_have_their_lengths_before_them() -> None:
    texts = ["", "a", "straße"]
    binary = b"".join(struct.pack("<I", len(it.encode())) + it.encode() for it in texts)
    assert read_binary([3], "BYTES", binary).values == texts
    assert "has 3 texts, but its shape says 2" in error_of(
        [tensor([2], "BYTES", parameters={"binary_data_size": len(binary)})], binary
    )


@pytest.mark.parametrize(
    ("binary", "message"),
    [
        (b"\x01", "has a text that is longer than its data"),
        (b"\x01\0\0\0", "has a text that is longer than its data"),
        (b"\x01\0\0\0\xff", "has a text that is not UTF-8"),
        (b"\x03\0\0\0\xed\xa0\x80", "has a text that is not UTF-8"),  # a surrogate
    ],
)
def test_invalid_binary_texts_are_rejected(binary: bytes, message: str) -> None:
    value = tensor([1], "BYTES", parameters={"binary_data_size": len(binary)})
    assert error_of([value], binary) == f"Tensor 'x' {message}"


def test_binary_data_follow_each_other_beside_data_in_json() -> None:
    inputs = [
        tensor([2], "INT8", parameters={"binary_data_size": 2}) | {"name": "a"},
        tensor([2], "INT8", data=[3, 4]) | {"name": "b"},
        tensor([2], "INT8", parameters={"binary_data_size": 2}, data=None) | {"name": "c"},
    ]
    assert [it.values for it in read_tensors(inputs, b"\1\2\5\6")] == [[1, 2], [3, 4], [5, 6]]
    assert "is 4 in all, but 5 bytes follow" in error_of(inputs, b"\1\2\5\6\7")
    assert "not one of the 1 bytes left" in error_of(inputs, b"\1\2\5")


@pytest.mark.parametrize("size", [-1, 3, 10**15, 2.0, True, "2", [], {}])
def test_what_is_no_size_of_the_data_is_rejected(size: Any) -> None:
    error_of([tensor([2], "INT8", parameters={"binary_data_size": size})], b"\1\2")


def test_the_size_has_to_be_that_of_the_shape() -> None:
    value = tensor([2], "INT32", parameters={"binary_data_size": 7})
    assert error_of([value], b"1234567") == "Tensor 'x' has 7 bytes, which are not 2 values"


def test_numbers_that_json_does_not_have_are_noted() -> None:
    numbers = [1.0, math.nan, math.inf, -math.inf]
    for code, datatype in zip("efd", ("FP16", "FP32", "FP64"), strict=True):
        binary = struct.pack(f"<4{code}", *numbers)
        assert read_binary([4], datatype, binary).non_finite == [1, 2, 3]
    largest = struct.pack("<2d", 1.7e308, 1.7e308)  # their sum is infinite
    assert read_binary([2], "FP64", largest).non_finite == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        [],
        {},
        {"name": 1, "shape": [1], "datatype": "FP64", "data": [1]},
        tensor([1], "FLOAT", data=[1]),
        tensor([1], "BF16", data=[1]),
        tensor([1]),
        tensor([1], data=None),
        tensor([1], parameters=[8]),
        tensor([1], data=[1], parameters={"binary_data_size": 0}),
    ],
)
def test_what_is_no_tensor_is_rejected(value: Any) -> None:
    error_of([value])


@pytest.mark.parametrize("inputs", [None, {}, [], "x", 1])
def test_inputs_that_are_no_list_are_rejected(inputs: Any) -> None:
    assert error_of(inputs).startswith("'inputs' is not a list of tensors")


def test_two_tensors_of_one_name_are_rejected() -> None:
    value = tensor([1], data=[1])
    assert error_of([value, value]) == "Tensor 'x' is there twice"
    long = value | {"name": "y" * 1000 + "\n"}
    assert error_of([long, long]) == f"Tensor '{'y' * 100}…' is there twice"


def test_the_time_grows_with_the_body() -> None:
    many = [tensor([1], "INT8", data=[1]) | {"name": str(it)} for it in range(20_000)]
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    started = time.process_time()
    assert len(read_tensors(many, b"")) == 20_000
    error_of([tensor([1] * 16, "INT8", data=deep)])
    error_of([tensor([2**62] * 16, "INT8", data=[])])
    assert time.process_time() - started < 2
