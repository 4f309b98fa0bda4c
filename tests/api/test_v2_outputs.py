"""From predictions to output tensors."""

import math
import time
from typing import Any

import numpy as np
import pytest

from app.api.v2_outputs import tensors_of
from app.codec import encode
from app.predictor.answer import learned_schema

JSON = {"content_type": "json"}


def tensors(answers: list[Any], known: list[Any] | None = None) -> dict[str, Any]:
    schema = learned_schema(known or [])
    result = {}
    for tensor in tensors_of(encode(answers), schema):
        name = tensor.pop("name")
        assert name not in result
        assert len(tensor["data"]) == math.prod(tensor["shape"])
        result[name] = tensor
    return result


def only(answers: list[Any], known: list[Any] | None = None) -> dict[str, Any]:
    found = tensors(answers, known)
    assert [*found] == ["predict"]
    tensor: dict[str, Any] = found["predict"]
    return tensor


def test_each_name_of_the_answers_is_a_tensor_in_the_order_seen() -> None:
    assert tensors([{"b": 1, "a": "x"}, {"b": 2, "a": "y", "c": 0.5}]) == {
        "b": {"datatype": "INT64", "shape": [2], "data": [1, 2]},
        "a": {"datatype": "BYTES", "shape": [2], "data": ["x", "y"]},
        "c": {"datatype": "FP64", "shape": [2], "data": [None, 0.5]},
    }


@pytest.mark.parametrize(
    ("answers", "datatype"),
    [
        ([True, False], "BOOL"),
        ([1, -(2**63)], "INT64"),
        ([0, 2**64 - 1], "UINT64"),
        ([-1, 2**64 - 1], "FP64"),
        ([1, 0.5], "FP64"),
        ([0.5, None], "FP64"),
        ([1, None], "FP64"),
        ([None, None], "FP64"),
        (["a", "ß"], "BYTES"),
        (["a", None], "BYTES"),
    ],
)
def test_other_answers_are_one_tensor_by_their_type(answers: list[Any], datatype: str) -> None:
    assert only(answers) == {"datatype": datatype, "shape": [2], "data": answers}


def test_null_is_nan_for_who_reads_numbers() -> None:
    data = only([{"a": 1}["a"], math.nan])["data"]
    assert np.isnan(np.array(data, dtype=np.float64)).tolist() == [False, True]


def test_the_metadata_decide_where_the_values_do_not() -> None:
    assert only([1, 2], known=[0.5])["datatype"] == "FP64"
    assert tensors([{"a": None}], known=[{"a": "x"}])["a"]["datatype"] == "BYTES"
    assert only([1, 2], known=["a"])["datatype"] == "INT64"


def test_lists_of_the_same_length_are_more_dimensions() -> None:
    assert only([[0.5, 1], [2, None]]) == {
        "datatype": "FP64",
        "shape": [2, 2],
        "data": [0.5, 1, 2, None],
    }
    assert only([[[1], [2], [3]], [[4], [5], [6]]]) == {
        "datatype": "INT64",
        "shape": [2, 3, 1],
        "data": [1, 2, 3, 4, 5, 6],
    }
    assert only([["a", "b"]])["shape"] == [1, 2]
    assert only([[], []])["shape"] == [2, 0]


@pytest.mark.parametrize(
    "answers",
    [
        [[1], [1, 2]],
        [[[1], [2]], [[1], [2, 3]]],
        [[1], None],
        [[1], 1],
        [1, "a"],
        [True, 1],
        [True, None],
        [{"a": 1}, 1],
        [{"a": 1}, None],
        [[{"a": 1}], [{"a": 1}]],
    ],
)
def test_what_is_no_tensor_is_json_texts(answers: list[Any]) -> None:
    texts = [encode(it).decode() for it in answers]
    assert only(answers) == {
        "datatype": "BYTES",
        "shape": [2],
        "parameters": JSON,
        "data": texts,
    }


def test_an_object_within_an_answer_is_a_json_text() -> None:
    found = tensors([{"class": "a", "probabilities": {"a": 0.75, "b": 0.25}}])
    assert found["probabilities"]["data"] == ['{"a":0.75,"b":0.25}']
    assert found["class"]["data"] == ["a"]


def test_without_rows_the_tensors_are_those_known() -> None:
    assert tensors([], known=[{"a": 1, "b": "x"}]) == {
        "a": {"datatype": "INT64", "shape": [0], "data": []},
        "b": {"datatype": "BYTES", "shape": [0], "data": [], "parameters": {"content_type": "str"}},
    }
    assert tensors([]) == {}


def test_answers_whose_names_are_data_are_json_texts() -> None:
    answers = [{f"id-{it}": it} for it in range(20_000)]
    started = time.process_time()
    assert only(answers)["parameters"] == JSON
    assert time.process_time() - started < 2
    assert len(tensors([{f"feature-{it}": 0.5 for it in range(500)}] * 3)) == 500
