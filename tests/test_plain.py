import array
import asyncio
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import gc
import itertools
import json
import uuid
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import attrs
import msgspec
import numpy as np
import pandas as pd
import polars
import pydantic
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from app.codec import encode

NAN = float("nan")
NAT = np.datetime64("NaT", "s")
UNITS: Any = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"]


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True)
class Data:
    x: Any
    _private: int = 0


@attrs.define
class Attrs:
    x: Any
    _private: int = 0


class Struct(msgspec.Struct, rename="camel"):
    one_field: Any


class Model(pydantic.BaseModel):
    x: Any = pydantic.Field(serialization_alias="the x")


class Float(float):
    pass


class Int(int):
    pass


class Day(enum.Enum):
    FIRST = datetime.date(2024, 1, 1)


def refuse(constant: str) -> None:
    raise AssertionError(constant)


def encoded(value: Any) -> Any:
    return json.loads(encode(value), parse_constant=refuse)


@pytest.mark.parametrize(
    "missing",
    [
        NAN, float("inf"), -float("inf"), np.float64(NAN), np.float32("inf"), np.float16(NAN), np.longdouble(NAN), Float(NAN),
        decimal.Decimal("NaN"), decimal.Decimal("sNaN"), decimal.Decimal("-Infinity"), pd.NaT, pd.NA, np.ma.masked,
        NAT, *(np.datetime64("NaT", unit) for unit in UNITS), *(np.timedelta64("NaT", unit) for unit in UNITS),
    ],
)  # fmt: skip
def test_what_is_missing_or_not_finite_is_null(missing: Any) -> None:
    assert encoded([missing, {"a": missing}, np.array([missing], dtype=object), pd.Series([missing], dtype=object)]) == [
        None, {"a": None}, [None], [None],
    ]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_a_time_that_is_missing_in_an_array_is_null(unit: str) -> None:
    assert encoded(np.array([["NaT"]], f"datetime64[{unit}]")) == [[None]]
    assert encoded(np.array([["NaT"]], f"timedelta64[{unit}]")) == [[None]]
    assert encoded(np.array("NaT", f"datetime64[{unit}]")) is None
    assert encoded(np.ma.array(["2024", "2024"], f"datetime64[{unit}]", mask=[True, True])) == [
        None,
        None,
    ]


RECORDS = np.array([(1, NAT)], [("n", "i4"), ("t", "M8[ns]")])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.arange(6).reshape(2, 3).T, [[0, 3], [1, 4], [2, 5]]), (np.arange(6)[::2], [0, 2, 4]), (np.zeros((2, 0)), [[], []]),
        (np.array([1.5], ">f8"), [1.5]), (np.array([0.1, 0.2, 0.3], "f4")[::2], [0.1, 0.3]), (np.float32(0.1), 0.1), (np.array(0.5, "f2"), 0.5),
        (np.longdouble(1.5), 1.5), (np.array([1.5], np.longdouble), [1.5]), (np.matrix([[1, 2]]), [[1, 2]]), (np.array(["a"]), ["a"]),
        (np.ma.array([1.5, 2], mask=[False, True]), [1.5, None]), (RECORDS, [{"n": 1, "t": None}]), (RECORDS[0], {"n": 1, "t": None}),
        (np.ma.array(RECORDS, mask=[(True, False)]), [{"n": None, "t": None}]), (np.ma.array(RECORDS)[0], {"n": 1, "t": None}), (RECORDS.reshape(()), {"n": 1, "t": None}),
        (pd.Series(pd.to_datetime(["2024-01-01", None])), ["2024-01-01T00:00:00", None]), (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.array([True, None]), [True, None]), (pd.Series(["a", None], dtype="string"), ["a", None]), (pd.Categorical(["a", None]), ["a", None]),
        (pd.MultiIndex.from_tuples([(1, "a")]), [[1, "a"]]), (pd.cut(pd.Series([1, 3]), [0, 2, 4]), ["(0, 2]", "(2, 4]"]),
        (pd.Period("2024-01"), "2024-01"), (pd.Series(pd.period_range("2024", periods=2, freq="Y")), ["2024", "2025"]),
        (pd.DataFrame([[1]], columns=pd.to_datetime(["2024-01-01"])), [{"2024-01-01T00:00:00": 1}]),
        (list(pd.DataFrame({"a": [1]}).itertuples()), [{"Index": 0, "a": 1}]),
        (pd.Timestamp("2024-01-01T00:00:00.000000001"), "2024-01-01T00:00:00.000000001"),
        (polars.DataFrame({"a": [1.5, NAN], "b": [datetime.date(2024, 1, 1), None]}), [{"a": 1.5, "b": "2024-01-01"}, {"a": None, "b": None}]),
        (polars.Series([1, None]), [1, None]),
        (scipy.sparse.csr_matrix([[0, 1]]), [[0, 1]]), (scipy.sparse.coo_array(np.array([[0, NAN]])), [[0, None]]),
        (Float(1.5), 1.5), (Int(2), 2), (Int(2**70), float(2**70)), ([Int(2), 2**70], [2, float(2**70)]), (fractions.Fraction(1, 4), 0.25), (decimal.Decimal("1e999"), None),
        (Point(1, pd.NaT), {"x": 1, "y": None}), (Model(x=NAN), {"the x": None}), (Struct(2**70), {"oneField": float(2**70)}),
        (Data(1), {"x": 1}), (Data(2**70), {"x": float(2**70)}), (Attrs([Data(np.int8(1))]), {"x": [{"x": 1}]}),
        (Day.FIRST, "2024-01-01"), ([Day.FIRST, 2**70, uuid.UUID(int=1), datetime.time(1, tzinfo=datetime.UTC)], ["2024-01-01", float(2**70), str(uuid.UUID(int=1)), "01:00:00+00:00"]),
        (array.array("d", [NAN]), [None]), (range(3), [0, 1, 2]), ({3, 1, 2}, [1, 2, 3]), (frozenset("ba"), ["a", "b"]), ({None}, [None]),
        (collections.deque([1]), [1]), ({"a": 1}.keys(), ["a"]), ({"a": 1}.values(), [1]), ({"a": 1}.items(), [["a", 1]]),
        (collections.UserList([1]), [1]), (collections.UserDict(a=1), {"a": 1}), (collections.UserString("ab"), "ab"), (MappingProxyType({"a": 1}), {"a": 1}),
        (map(str, [1]), ["1"]), (zip([1], ["a"], strict=True), [[1, "a"]]), (filter(None, [0, 1]), [1]), ((x for x in [NAN]), [None]),
        ([iter([1]), {np.int8(1): iter([2])}, {1}], [[1], {"1": [2]}, [1]]), (itertools.repeat(0, 1_000_000), [0] * 1_000_000),
    ],
)  # fmt: skip
def test_a_result_becomes_what_it_holds(value: Any, expected: Any) -> None:
    assert encoded(value) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a", "a"), (1, "1"), (Int(1), "1"), (1.5, "1.5"), (Float(1.5), "1.5"), (True, "true"), (None, "null"), (NAN, "null"), (pd.NaT, "null"), (pd.NA, "null"), (NAT, "null"),
        (np.int8(1), "1"), (np.float64(0.5), "0.5"), (np.float32(0.5), "0.5"), (np.bool_(True), "true"), (np.str_("a"), "a"), (2**64 - 1, str(2**64 - 1)),
        (datetime.date(2024, 1, 1), "2024-01-01"), (datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC), "2024-01-01T00:00:00+00:00"), (pd.Timestamp("2024-01-01"), "2024-01-01T00:00:00"),
        (np.datetime64("2024-01-01"), "2024-01-01"), (pd.Period("2024-01"), "2024-01"), (pd.Interval(0, 1), "(0, 1]"), (datetime.timedelta(1), "P1DT0H0M0S"), (Day.FIRST, "2024-01-01"),
    ],
)  # fmt: skip
def test_the_names_of_an_object_become_text(name: Any, text: str) -> None:
    assert encoded({name: 1}) == {text: 1}
    assert encoded([{name: 1}, {np.int8(1): 2**70}]) == [{text: 1}, {"1": float(2**70)}]


@pytest.mark.parametrize("name", [("a", 1), frozenset({1}), Data(1)])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(TypeError) as error:
        encode({name: 1})
    assert str(error.value) == f"a {type(name).__name__} cannot be the name of a value: use a str"


async def coroutine() -> None:
    pass


BYTES, COMPLEX = "decode it to a str", "return its real and its imaginary part"
OTHER = "return a dict, a list, a str or a number"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"a", f"a bytes has no JSON counterpart: {BYTES}"), (bytearray(b"a"), f"a bytearray has no JSON counterpart: {BYTES}"),
        (memoryview(b"a"), f"a memoryview has no JSON counterpart: {BYTES}"), (np.array([b"a"]), f"a bytes has no JSON counterpart: {BYTES}"),
        (np.bytes_(b"a"), f"a bytes_ has no JSON counterpart: {BYTES}"), (np.void(b"a"), f"a bytes has no JSON counterpart: {BYTES}"),
        (1j, f"a complex has no JSON counterpart: {COMPLEX}"), (np.array([1j]), f"a complex has no JSON counterpart: {COMPLEX}"),
        (np.complex64(1), f"a complex64 has no JSON counterpart: {COMPLEX}"), (np.clongdouble(1), f"a clongdouble has no JSON counterpart: {COMPLEX}"),
        (object(), f"a object has no JSON counterpart: {OTHER}"), (SimpleNamespace(a=1), f"a SimpleNamespace has no JSON counterpart: {OTHER}"),
        (json, f"a module has no JSON counterpart: {OTHER}"), (Data, f"a type has no JSON counterpart: {OTHER}"), (np.int64, f"a type has no JSON counterpart: {OTHER}"),
        (polars.LazyFrame(), f"a LazyFrame has no JSON counterpart: {OTHER}"), (coroutine, "a function has no JSON counterpart: call it"),
        (len, "a builtin_function_or_method has no JSON counterpart: call it"), ([].append, "a builtin_function_or_method has no JSON counterpart: call it"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a DataFrame has the column 'a' twice: rename one"),
        (pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", 1)])), "a tuple cannot be the name of a value: use a str"),
        (itertools.count(), "a count has more than 1000000 items: return a list"),
        (range(10**12), "a range_iterator has more than 1000000 items: return a list"),
        (scipy.sparse.csr_matrix((10**6, 10**6)), "a csr_matrix has more than 1000000 items: return a part"),
    ],
)  # fmt: skip
def test_what_has_no_plain_meaning_is_refused_with_its_type_and_the_fix(
    value: Any, message: str
) -> None:
    for result in (value, {"a": [value]}, Data(value)):
        with pytest.raises(TypeError) as error:
            encode(result)
        assert str(error.value) == message


def test_a_coroutine_is_closed_and_refused() -> None:
    with pytest.raises(
        TypeError,
        match=r"^a coroutine has no JSON counterpart: `await` is missing, or define run\(\) with def$",
    ):
        encode({"a": coroutine()})
    gc.collect()  # else a warning would come here
    assert asyncio.run(coroutine()) is None


def test_what_the_code_of_a_value_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        encode({"a": (1 / number for number in [0])})


@pytest.mark.parametrize("make", [Data, Attrs, lambda items: MappingProxyType({1: items})])
def test_an_object_that_contains_itself_is_named(make: Any) -> None:
    items: list[Any] = []
    items.append(make(items))
    with pytest.raises(TypeError, match=r"^a value is nested too deeply, or contains itself$"):
        encode(items)


SCALARS = st.one_of(
    st.integers(), st.floats(), st.text(), st.floats().map(np.float64), st.datetimes(), st.timedeltas(),
    st.sampled_from([None, True, pd.NaT, pd.NA, NAT, pd.Period("2024"), np.float32(0.1), np.int8(1), Float(NAN), Day.FIRST]),
)  # fmt: skip
LISTS: Any = [list, tuple, iter, collections.deque, collections.UserList]
OBJECTS: Any = [Data, Attrs, Struct, lambda x: Point(x, x), lambda x: Model(x=x)]
VALUES = st.recursive(
    SCALARS,
    lambda values: st.one_of(
        st.dictionaries(SCALARS, values, max_size=3),
        st.tuples(st.sampled_from(LISTS), st.lists(values, max_size=3)).map(lambda pair: pair[0](pair[1])),
        st.tuples(st.sampled_from(OBJECTS), values).map(lambda pair: pair[0](pair[1])),
    ),
    max_leaves=10,
)  # fmt: skip


@given(VALUES)
def test_any_nesting_of_results_is_valid_json(value: Any) -> None:
    encoded(value)  # raises where it is not, or has a NaN
