"""From tensors to rows: one for each parameter, or one for all."""

import math
import struct
import time
from collections.abc import Sequence
from typing import Any

import pytest
from werkzeug.exceptions import BadRequest

from app.api.v2_inputs import rows_of
from app.api.v2_tensors import read_tensors
from app.errors import InvalidInputError
from app.predictor.parameters import Parameters

FLOWER = {"length": 5.1, "width": 3.5}
MIXED = {"count": 1, "ratio": 0.5, "open": True, "name": "a"}
FEATURES = {"features": [0.1, 0.2, 0.3]}


def tensor(name: str, shape: list[int], data: Any, datatype: str = "FP64") -> dict[str, Any]:
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def rows(
    sample: dict[str, Any],
    *inputs: dict[str, Any],
    binary: bytes = b"",
    required: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    schema = Parameters(sample).schema
    needed = schema.get("required", ()) if required is None else required
    return rows_of(read_tensors([*inputs], binary), schema.get("properties", {}), needed)


def error_of(sample: dict[str, Any], *inputs: dict[str, Any]) -> str:
    with pytest.raises(BadRequest) as raised:
        rows(sample, *inputs)
    message = str(raised.value.description)
    assert "\n" not in message
    assert len(message) < 400
    return message


def binary_tensor(name: str, shape: list[int], size: int, datatype: str) -> dict[str, Any]:
    parameters = {"binary_data_size": size}
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": parameters}


def test_each_parameter_may_have_a_tensor_in_any_order() -> None:
    assert rows(
        MIXED,
        tensor("name", [2, 1], ["a", "b"], "BYTES"),
        tensor("ratio", [2], [0.5, 1.5]),
        tensor("open", [2], [True, False], "BOOL"),
        tensor("count", [2, 1], [[1], [2]], "INT64"),
    ) == [
        {"name": "a", "ratio": 0.5, "open": True, "count": 1},
        {"name": "b", "ratio": 1.5, "open": False, "count": 2},
    ]


@pytest.mark.parametrize("data", [[5.1, 3.5, 6.0, 3.0], [[5.1, 3.5], [6.0, 3.0]]])
def test_one_tensor_may_have_all_parameters_in_their_order(data: list[Any]) -> None:
    expected = [{"length": 5.1, "width": 3.5}, {"length": 6.0, "width": 3.0}]
    assert rows(FLOWER, tensor("input-0", [2, 2], data)) == expected
    assert rows(FLOWER, tensor("width", [2, 2], data)) == expected


def test_one_tensor_may_leave_out_optional_parameters_at_the_end() -> None:
    sample = {"a": 1.0, "b": None, "c": 1.0, "d": None, "e": None}
    assert rows(sample, tensor("x", [1, 3], [1, 2, 3])) == [{"a": 1, "b": 2, "c": 3}]
    assert len(rows(sample, tensor("x", [1, 5], [1, 2, 3, 4, 5]))[0]) == 5
    assert error_of(sample, tensor("x", [1, 2], [1, 2])) == (
        "Tensor 'x' has 2 values in each row: send 3 to 5, in the order 'a', 'b', 'c', 'd', 'e'"
    )


@pytest.mark.parametrize("width", [1, 3])
def test_one_tensor_of_another_width_is_rejected(width: int) -> None:
    message = error_of(FLOWER, tensor("input-0", [2, width], [1.0] * 2 * width))
    assert message == (
        f"Tensor 'input-0' has {width} values in each row: send 2, in the order 'length', 'width'"
    )


@pytest.mark.parametrize("shape", [[2], [1, 2, 1], [2, 1, 1]])
def test_one_tensor_for_all_has_two_dimensions(shape: list[int]) -> None:
    message = error_of(FLOWER, tensor("input-0", shape, [5.1, 3.5]))
    assert message == (
        "There is no tensor for 'length', 'width': "
        "send one for each parameter, or one of shape [N, 2]"
    )


def test_a_missing_tensor_is_one_error() -> None:
    message = error_of(FLOWER, tensor("length", [3], [1, 2, 3]))
    assert message.startswith("There is no tensor for 'width': ")
    assert rows(FLOWER, tensor("length", [1], [1]), required=()) == [{"length": 1}]
    many = {f"parameter_{it}": 1.0 for it in range(1000)}
    assert len(error_of(many, tensor("length", [3], [1, 2, 3]))) < 300


def test_another_tensor_is_an_extra_parameter() -> None:
    assert rows(
        FLOWER,
        tensor("length", [1], [1.0]),
        tensor("width", [1], [2.0]),
        tensor("id", [1, 1], ["x"], "BYTES"),
        tensor("place", [1, 2], [3.0, 4.0]),
    ) == [{"length": 1.0, "width": 2.0, "id": "x", "place": [3.0, 4.0]}]


def test_tensors_of_different_numbers_of_rows_are_rejected() -> None:
    message = error_of(FLOWER, tensor("length", [2], [1, 2]), tensor("width", [1], [1]))
    assert message == "Tensor 'width' has 1 rows, but Tensor 'length' has 2"


def test_a_parameter_has_one_value_in_each_row() -> None:
    message = error_of(FLOWER, tensor("length", [2, 2], [1] * 4), tensor("width", [2], [1, 2]))
    assert message == "Tensor 'length' has the shape [2, 2]: send [N], N rows"


@pytest.mark.parametrize("name", ["features", "input-0"])
def test_a_list_has_one_more_dimension(name: str) -> None:
    assert rows(FEATURES, tensor(name, [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])) == [
        {"features": [1.0, 2.0, 3.0]},
        {"features": [4.0, 5.0, 6.0]},
    ]
    assert rows(FEATURES, tensor(name, [2, 1], [1.0, 2.0]))[1] == {"features": [2.0]}
    assert error_of(FEATURES, tensor(name, [3], [1.0, 2.0, 3.0])) == (
        "Tensor 'features' has the shape [3]: send [N, i], N rows"
    )


def test_nested_lists_have_as_many_dimensions() -> None:
    sample = {"image": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]}
    assert rows(sample, tensor("image", [2, 3, 2], [*range(12)])) == [
        {"image": [[0, 1], [2, 3], [4, 5]]},
        {"image": [[6, 7], [8, 9], [10, 11]]},
    ]
    assert error_of(sample, tensor("image", [2, 6], [*range(12)])) == (
        "Tensor 'image' has the shape [2, 6]: send [N, i, j], N rows"
    )


def test_texts_for_a_list_or_an_object_are_json() -> None:
    sample = {"place": {"x": 1.0}, "words": ["a"]}
    place = tensor("place", [2], ['{"x": 1}', None], "BYTES")
    assert rows(sample, place, tensor("words", [2], ["[]", '["b", "c"]'], "BYTES")) == [
        {"place": {"x": 1}, "words": []},
        {"place": None, "words": ["b", "c"]},
    ]
    assert rows(sample, place, tensor("words", [2, 1], ["[]", "b"], "BYTES"))[1] == {
        "place": None,
        "words": ["b"],
    }
    message = error_of(sample, place, tensor("words", [2], ["[]", "b"], "BYTES"))
    assert message.startswith("Tensor 'words' has no JSON at position 1: ")


def test_a_model_that_takes_any_object_gets_what_the_tensors_have() -> None:
    assert rows({}, tensor("a", [1], [1.0]), tensor("b", [1, 2], [2.0, 3.0])) == [
        {"a": 1.0, "b": [2.0, 3.0]}
    ]
    assert rows({}, tensor("a", [2, 1], [1.0, 2.0])) == [{"a": 1.0}, {"a": 2.0}]


def test_null_is_a_missing_value() -> None:
    assert rows({"a": 1.0, "b": None}, tensor("x", [1, 2], [None, None])) == [
        {"a": None, "b": None}
    ]


def test_there_may_be_no_rows() -> None:
    assert rows(FLOWER, tensor("x", [0, 2], [])) == []
    assert rows(FLOWER, tensor("length", [0], []), tensor("width", [0, 1], [])) == []
    assert rows(FEATURES, tensor("x", [0, 10**12], [])) == []
    error_of(FLOWER, tensor("x", [0, 10**12], []))


def test_numbers_that_json_does_not_have_are_rejected_by_row() -> None:
    table = struct.pack("<6f", 1, math.nan, 1, 1, math.inf, 1)
    with pytest.raises(InvalidInputError) as raised:
        rows(FLOWER, binary_tensor("x", [3, 2], 24, "FP32"), binary=table)
    assert raised.value.errors == {
        "0.width": "nan is not of type 'number'",
        "2.length": "inf is not of type 'number'",
    }
    assert raised.value.total == 2
    with pytest.raises(InvalidInputError) as raised:
        rows(FEATURES, binary_tensor("x", [2, 3], 24, "FP32"), binary=table)
    assert [*raised.value.errors] == ["0.features.1", "1.features.1"]
    with pytest.raises(InvalidInputError) as raised:
        rows(
            FLOWER,
            binary_tensor("length", [150, 1], 1200, "FP64"),
            binary_tensor("width", [150], 1200, "FP64"),
            binary=struct.pack("<300d", *([math.nan] * 300)),
        )
    assert [*raised.value.errors] == [f"{row}.length" for row in range(100)]
    assert raised.value.total == 300


def test_the_time_grows_with_the_body() -> None:
    many = [tensor(str(it), [1], [1], "INT8") for it in range(20_000)]
    started = time.process_time()
    assert len(rows({}, *many)[0]) == 20_000
    error_of({f"p{it}": 1.0 for it in range(20_000)}, *many)
    assert time.process_time() - started < 5
