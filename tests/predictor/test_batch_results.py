import itertools
from collections import deque
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from app.predictor.batch_results import BatchResultsError, one_per_row


class Columns(NamedTuple):
    label: list[str]
    score: list[float]


@pytest.mark.parametrize(
    "results",
    [
        [1, 2], (1, 2), np.array([1, 2]), pd.Series([1, 2]), pd.Series([1, 2], index=[1, 0]),
        pd.Series([1, 2], index=["a", "a"]), pd.Index([1, 2]), iter([1, 2]), (x for x in (1, 2)), map(int, "12"),
        {"a": 1, "b": 2}.values(), deque([1, 2]), range(1, 3),
    ],
)  # fmt: skip
def test_a_sequence_or_an_iterator_with_a_result_per_row_is_taken_by_position(results: Any) -> None:
    assert one_per_row(results, 2) == [1, 2]


def test_the_rows_of_an_array_are_the_results() -> None:
    results = one_per_row(np.array([[1, 2, 3], [4, 5, 6]]), 2)
    assert [result.tolist() for result in results] == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("results", "what"),
    [
        (None, "a NoneType"), (1.5, "a float"), (object(), "a object"), (np.array(5), "a ndarray"),
        ({"label": ["a", "b"], "score": [1, 2]}, "a dict"), ("ab", "a str"), (b"ab", "a bytes"),
        ({1, 2}, "a set"), (frozenset({1, 2}), "a frozenset"), ({1: 0, 2: 0}.keys(), "a dict_keys"),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), "a DataFrame"), (Columns(["a", "b"], [1, 2]), "a Columns"),
        ([], "0 results for 2 rows"), ([1], "1 results for 2 rows"), ((1, 2, 3), "3 results for 2 rows"),
        (np.zeros((3, 2)), "3 results for 2 rows"), (pd.Series([1]), "1 results for 2 rows"),
        (iter([1]), "1 results for 2 rows"), (iter([1, 2, 3]), "more than 2 results for 2 rows"),
        (itertools.count(), "more than 2 results for 2 rows"),
    ],
)  # fmt: skip
def test_other_results_are_named_with_what_to_return(results: Any, what: str) -> None:
    with pytest.raises(BatchResultsError) as error:
        one_per_row(results, 2)
    assert str(error.value) == (
        f"run_batch() returned {what}: return a list with one prediction per row"
    )
