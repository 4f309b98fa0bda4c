import datetime
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codec import encode


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.datetime64("2024"), "2024-01-01"), (np.datetime64("2024-02"), "2024-02-01"), (np.datetime64("2024-01-01", "W"), "2023-12-28"),
        (np.datetime64("2024-01-01"), "2024-01-01"), (np.datetime64(1, ("D", 3)), "1970-01-04"), (np.datetime64(1, ("s", 25)), "1970-01-01T00:00:25"),
        (np.datetime64("2024-01-01T12"), "2024-01-01T12:00:00"), (np.datetime64("2024-01-01T12:30"), "2024-01-01T12:30:00"),
        (np.datetime64("2021-10-26T12:00:00"), "2021-10-26T12:00:00"), (np.datetime64("2024-01-01T12:00:00.500"), "2024-01-01T12:00:00.500000"),
        (np.datetime64("2024-01-01T00:00:00.000000"), "2024-01-01T00:00:00"), (np.datetime64(-1, "ns"), "1969-12-31T23:59:59.999999999"),
        (np.datetime64(1, "ps"), "1970-01-01T00:00:00.000000000001"), (np.datetime64(1, "as"), "1970-01-01T00:00:00.000000000000000001"),
        (np.datetime64("0001-01-01"), "0001-01-01"), (np.datetime64("-3030"), "-3030-01-01"), (np.datetime64("12345-01-01T00:00:00"), "12345-01-01T00:00:00"),
        (np.datetime64(9 * 10**18, "Y"), "9000000000000001970"), (np.datetime64("2024-01-01T12", ("h", 2)), "2024-01-01T12:00:00"),
    ],
)  # fmt: skip
def test_a_datetime64_of_any_unit_is_a_date_or_a_date_time(value: np.datetime64, text: str) -> None:
    assert json.loads(encode([value, np.array([value])])) == [text, [text]]


@given(st.datetimes())
def test_a_datetime64_is_written_as_python_does(moment: datetime.datetime) -> None:
    assert encode(np.datetime64(moment)) == encode(moment)
    assert encode(np.datetime64(moment.date())) == encode(moment.date())


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_datetime64_is_written_as_pandas_does(nanoseconds: int) -> None:
    moment = np.datetime64(nanoseconds, "ns")
    assert encode(moment) == encode(pd.Timestamp(moment))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.timedelta64(1, "s"), "P0DT0H0M1S"), (pd.Timedelta(seconds=1), "P0DT0H0M1S"), (datetime.timedelta(seconds=1), "P0DT0H0M1S"),
        (np.timedelta64(0, "D"), "P0DT0H0M0S"), (np.timedelta64(2, "W"), "P14DT0H0M0S"), (np.timedelta64(25, "h"), "P1DT1H0M0S"), (np.timedelta64(61, "m"), "P0DT1H1M0S"),
        (np.timedelta64(1500, "ms"), "P0DT0H0M1.5S"), (pd.Timedelta(1, "ns"), "P0DT0H0M0.000000001S"), (np.timedelta64(1, "as"), "P0DT0H0M0.000000000000000001S"),
        (np.timedelta64(3, "M"), "P3M"), (np.timedelta64(2, "Y"), "P2Y"), (np.timedelta64(3, ("M", 2)), "P6M"), (np.timedelta64(-3, "M"), "-P3M"), (np.timedelta64(3, ("s", 10)), "P0DT0H0M30S"),
        (np.timedelta64(5), 5), (datetime.timedelta(seconds=-1), "-P0DT0H0M1S"), (pd.Timedelta(seconds=-1.5), "-P0DT0H0M1.5S"),
        (datetime.timedelta.max, "P999999999DT23H59M59.999999S"), (datetime.timedelta.min, "-P999999999DT0H0M0S"),
    ],
)  # fmt: skip
def test_a_duration_of_any_unit_is_written_as_pandas_does_with_the_sign_first(
    value: Any, text: Any
) -> None:
    assert json.loads(encode([value, np.array([value], dtype=object)])) == [text, [text]]


@given(st.integers(-(2**63) // 1000 + 1, 2**63 // 1000 - 1))
def test_all_kinds_of_durations_have_the_same_text_which_pandas_reads(microseconds: int) -> None:
    duration = datetime.timedelta(microseconds=microseconds)
    text = json.loads(encode(duration))
    assert json.loads(encode([np.timedelta64(duration), pd.Timedelta(duration)])) == [text, text]
    assert pd.Timedelta(text) == duration
    if microseconds >= 0:
        assert text == pd.Timedelta(duration).isoformat()
