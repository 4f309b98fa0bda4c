import datetime
import decimal
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.codec import decode, encode

NAN = float("nan")


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
        ((1, 2), [1, 2]), ({3}, [3]), (frozenset({3}), [3]),
        (2**70, float(2**70)), ([np.array([2**70], dtype=object)], [[float(2**70)]]),
        ({"deep": [{"er": (np.int8(1), {"est": np.array([NAN])})}]}, {"deep": [{"er": [1, {"est": [None]}]}]}),
    ],
)  # fmt: skip
def test_what_a_model_returns_becomes_valid_json(value: Any, expected: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    assert json.loads(encode(value), parse_constant=refuse) == expected


def test_what_contains_itself_is_named() -> None:
    value: list[Any] = []
    value.append({"a": value})
    with pytest.raises(TypeError, match="nested too deeply, or contains itself"):
        encode(value)


@pytest.mark.parametrize("levels", [1, 250])
def test_deep_results_are_encoded(levels: int) -> None:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    assert encode(value) == b"[" * levels + b"1" + b"]" * levels


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, "x", true, null]}', {"a": [1, 2.5, "x", True, None]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}), (b" \r\n\t1 ", 1), ('"ä😀"'.encode(), "ä😀"), (rb'"\ud83d\ude00"', "😀"),
        (b"9223372036854775808", 2**63), (b"18446744073709551615", 2**64 - 1), (b"-9223372036854775808", -(2**63)),
        (b"1e308", 1e308), (b"[1e1, [1.0e0]]", [10.0, [1.0]]), (b'["1e999", true]', ["1e999", True]),
        (b"[0.0012345678901234567890, 1e-400, 5E-05]", [0.0012345678901234567890, 0.0, 5e-05]),
        (b"[1E+22, 1.5e22, 1e-999, 100e+306]", [1e22, 1.5e22, 0.0, 1e308]),
        (b'{"1234567890123456789012345": 1}', {"1234567890123456789012345": 1}),
    ],
)  # fmt: skip
def test_a_text_is_decoded(text: bytes, value: Any) -> None:
    assert decode(text) == value


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"{", b"[1,]", b"{'a': 1}", b"nul", b"1 2", b"\xff", b'"\xff"', rb'"\ud800"', b"NaN", b"[-Infinity]",
        b'{"a": 1, "a": 2}', rb'{"a": 1, "\u0061": 2}', b"[" * 1000 + b"]" * 1000, b"[" * 1_000_000,
        b"18446744073709551616", b"[-9223372036854775809]", b'{"a": {"b": [1e999]}}', b"1E+999", b"1e0400", b"1" * 300 + b"e10",
        b"0.00000000000000000001e400", b"[0.1234567890123456789, 12345678901234567890123]", b"1" * 4000, b"1" * 1_000_000,
        b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf1", b"\xff\xfe1\0",
    ],
)  # fmt: skip
def test_a_text_that_is_not_valid_is_rejected(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w") as error:
        decode(text)
    assert "\n" not in str(error.value)


def test_numbers_are_checked_at_any_depth_one_by_one() -> None:
    deep = b"[" * 190 + b"1," * 400_000 + b"1e1" + b"]" * 190
    value = decode(deep)
    for _ in range(189):
        (value,) = value
    assert len(value) == 400_001
    with pytest.raises(ValueError, match="a number beyond 64 bits"):
        decode(deep.replace(b"1e1", b"1e999"))


class _Pairs(list[tuple[str, Any]]):
    """An object, in which names may be twice."""


def _text(value: Any) -> str:
    match value:
        case _Pairs():
            return "{" + ", ".join(f"{_text(name)} :{_text(it)}" for name, it in value) + "}"
        case list():
            return "[" + ",".join(map(_text, value)) + "]"
    return json.dumps(value)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)


_VALUES = st.recursive(
    st.sampled_from([1, 2.5, None, True, "", "a", ":", "::", "a:b", '":"', '\\":', '"']),
    lambda inner: (
        st.lists(inner)
        | st.lists(st.tuples(st.sampled_from(["a", "b", ":", 'c"']), inner)).map(_Pairs)
    ),
)


@settings(max_examples=500)
@given(values=st.lists(_VALUES, max_size=5))
def test_names_are_unique_in_long_texts_too(values: list[Any]) -> None:
    rows = [_Pairs([("x", number / 2), ("y", number)]) for number in range(300)]
    text = _text(_Pairs([("rows", rows + values)]))
    try:
        expected = json.loads(text, object_pairs_hook=_without_duplicates)
    except ValueError:
        with pytest.raises(ValueError, match="duplicate key"):
            decode(text.encode())
    else:
        assert decode(text.encode()) == expected
