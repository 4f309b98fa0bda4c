"""The bins of a profile: which value is counted where."""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.predictor.bins import CategoryBins, NumberBins

NUMBERS = NumberBins([0, 1.5, 10], [0.5, 0.4], 0.1)
CATEGORIES = CategoryBins({"a": 0.5, "null": 0.2, "true": 0.1, "7": 0.1}, 0.1, 0)


class RaisingFloat(float):
    """A number whose own code raises."""

    def __float__(self) -> float:
        raise ArithmeticError


def counted(bins: NumberBins | CategoryBins, values: list[Any]) -> dict[str, int]:
    return {bins.labels[place]: number for place, number in bins.count(values).items()}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "1"), (-0.0, "1"), (1.4, "1"), (1.5, "2"), (9, "2"), (10, "2"), (10.0, "2"), (-1, "below"),
        (math.nextafter(10, 11), "above"), (11, "above"), (2**63, "above"), (10**400, "above"), (-(10**400), "below"),
        (None, "null"), (math.nan, "null"), (math.inf, "null"), (-math.inf, "null"),
        ("a", "unknown"), (True, "unknown"), ([1], "unknown"), ({}, "unknown"), (object(), "unknown"),
        (np.float64(1), "1"), (np.float32(2.5), "2"), (np.int8(2), "2"), (np.float32("nan"), "null"), (Decimal("2.5"), "2"),
    ],
)  # fmt: skip
def test_a_number_belongs_to_the_bin_of_the_edge_below(value: Any, label: str) -> None:
    assert counted(NUMBERS, [value]) == {label: 1}
    assert counted(NUMBERS, [value, 5, 5]).get(label, 0) >= 1


@given(st.lists(st.floats(-5, 15) | st.integers(-5, 15), min_size=1))
def test_many_numbers_are_counted_as_numpy_does(values: list[float]) -> None:
    inside, _ = np.histogram([it for it in values if 0 <= it <= 10], [0, 1.5, 10])
    numbers = [sum(it < 0 for it in values), *inside, sum(it > 10 for it in values)]
    assert counted(NUMBERS, values) == {
        label: number for label, number in zip(NUMBERS.labels, numbers, strict=False) if number
    }


def test_a_constant_has_one_bin() -> None:
    bins = NumberBins([3], [1], 0)
    assert bins.labels == ("below", "1", "above", "unknown", "null")
    assert counted(bins, [2.9, 3, 3.0, 3.1]) == {"below": 1, "1": 2, "above": 1}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("a", "a"), ("b", "unknown"), ("", "unknown"), ("null", '"null"'), (None, "null"), (math.nan, "null"),
        (True, "true"), (False, "unknown"), (np.bool_(True), "true"), (7, "7"), (7.0, "7"), (np.int64(7), "7"),
        (10**300, "unknown"), (1e300, "unknown"), (RaisingFloat(7), "unknown"),
        (7.5, "unknown"), (1, "unknown"), ([], "unknown"), (object(), "unknown"), (np.float64("nan"), "null"),
    ],
)  # fmt: skip
def test_a_category_is_counted_by_its_text(value: Any, label: str) -> None:
    assert counted(CATEGORIES, [value]) == {label: 1}
    expected = {label: 1} if label != "a" else {}
    assert counted(CATEGORIES, ["a", value, "a"]) == {"a": 2, **expected} | (
        {"a": 3} if label == "a" else {}
    )


def test_true_is_not_one() -> None:
    bins = CategoryBins({"1": 0.5, "true": 0.5}, 0, 0)
    assert counted(bins, [1, True, 1.0, True, True]) == {"1": 2, "true": 3}


def test_no_two_bins_have_one_label() -> None:
    texts = ["below", "above", "unknown", "null", '"null"', "x", '"']
    labels = CategoryBins(dict.fromkeys(texts, 1 / 7), 0, 0).labels
    assert labels == (
        '"below"', '"above"', '"unknown"', '"null"', r'"\"null\""', "x", r'"\""', "unknown", "null",
    )  # fmt: skip
