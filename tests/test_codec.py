import datetime
import decimal
import json
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from app.codec import encode

NAN = float("nan")


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None), (True, True), (1, 1), (1.5, 1.5), ("ä", "ä"), ([1], [1]), ({"a": 1}, {"a": 1}),
        (NAN, None), (float("inf"), None), ({"a": [-float("inf")]}, {"a": [None]}),
        (np.int64(1), 1), (np.float64(1.5), 1.5), (np.float32(0.5), 0.5), (np.float16(0.5), 0.5),
        (np.bool_(True), True), (np.str_("a"), "a"), (np.float64(NAN), None), (np.uint64(2**64 - 1), 2**64 - 1),
        (np.array([1, 2]), [1, 2]), (np.array([[1.5, NAN]]), [[1.5, None]]), (np.array(5), 5),
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]), (np.arange(6)[::2], [0, 2, 4]),
        (np.array(["a", "b"]), ["a", "b"]), (np.array([1, "a", None], dtype=object), [1, "a", None]),
        (np.datetime64("2021-10-26T12:00:00"), "2021-10-26T12:00:00"),
        (np.array([True, False]), [True, False]),
        ({np.int64(1): np.float64(0.5)}, {"1": 0.5}), ({np.str_("a"): 1}, {"a": 1}), ({1: 2}, {"1": 2}),
        ({np.bool_(True): 1}, {"true": 1}), ({None: 1}, {"null": 1}),
        (pd.Series([1, 2]), [1, 2]), (pd.Series([1.5, NAN]), [1.5, None]), (pd.Index(["a"]), ["a"]),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pd.Timestamp("2021-10-26T12:00:00Z"), "2021-10-26T12:00:00+00:00"), (pd.NaT, None), (pd.NA, None),
        (pd.Series(pd.to_datetime(["2021-10-26", None])), ["2021-10-26T00:00:00", None]),
        (pd.Categorical(["a", "b"]), ["a", "b"]), (pd.Timedelta(seconds=1), "P0DT0H0M1S"),
        (datetime.date(2021, 10, 26), "2021-10-26"), (datetime.time(12), "12:00:00"),
        (datetime.datetime(2021, 10, 26, 12, tzinfo=datetime.UTC), "2021-10-26T12:00:00+00:00"),
        (decimal.Decimal("1.5"), 1.5), (decimal.Decimal("NaN"), None), (decimal.Decimal("Infinity"), None),
        ((1, 2), [1, 2]), ({3}, [3]), (frozenset({3}), [3]), (Point(1, 2), [1, 2]),
        (MappingProxyType({"a": 1}), {"a": 1}), (2**70, float(2**70)), ([np.array([2**70], dtype=object)], [[float(2**70)]]),
        ({"deep": [{"er": (np.int8(1), {"est": np.array([NAN])})}]}, {"deep": [{"er": [1, {"est": [None]}]}]}),
    ],
)  # fmt: skip
def test_what_a_model_returns_becomes_valid_json(value: Any, expected: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(encode(value), parse_constant=refuse) == expected


@pytest.mark.parametrize("value", [object(), 1j, b"bytes", [object()], {"a": {1: object()}}])
def test_what_has_no_json_counterpart_is_named(value: Any) -> None:
    with pytest.raises(TypeError, match=r"has no JSON counterpart|not JSON serializable"):
        encode(value)
