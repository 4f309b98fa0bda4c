from typing import Any

import pytest

from app.predictor.formats import format_checker, is_date, is_date_time


@pytest.mark.parametrize(
    "text",
    [
        "2021-10-26T12:00:00Z", "2021-10-26t12:00:00z", "2021-10-26T23:59:59.123456789+23:59",
        "2024-02-29T00:00:00-00:00", f"2021-10-26T12:00:00.{'0' * 1_000_000}Z",
    ],
)  # fmt: skip
def test_these_texts_are_date_times(text: str) -> None:
    assert is_date_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "2021-10-26T12:00:00", "2021-10-26T12:00:00Z\n", "2021-10-26T12:00:00+02:00\n",
        " 2021-10-26T12:00:00Z", "2021-10-26T12:00:00Z ", "\n2021-10-26T12:00:00Z",
        "2021-10-26T12:00:00Z\r\n", "2021-10-26T12:00:00Z\0", "2021-10-26T12:00:00Z\u2028",
        "2021-10-26 12:00:00Z", "2021-10-26T12:00Z", "2021-10-26T12:00:00.Z", "2021-10-26T12:00:00+0200",
        "2021-13-01T12:00:00Z", "2023-02-29T12:00:00Z", "0000-01-01T00:00:00Z", "2021-10-26T24:00:00Z",
        "2021-10-26T12:00:60Z", "2021-10-26T12:00:00+24:00", "20211026T120000Z",
        "２０２１-10-26T12:00:00Z", "2021-10-26T12:00:00.５Z", "2021-10-26T12:00:0٠Z", "2021-10-26ﬅ12:00:00Z",
        f"2021-10-26T12:00:00.{'0' * 1_000_000}", f"2021-10-26T12:00:00.{'0' * 1_000_000}Z\n",
    ],
)  # fmt: skip
def test_these_texts_are_no_date_times(text: str) -> None:
    assert not is_date_time(text)


@pytest.mark.parametrize("text", ["2021-10-26", "2024-02-29", "0001-01-01"])
def test_these_texts_are_dates(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "text",
    ["", "2021-10-26\n", "2021-10-26 ", "2021-13-01", "2023-02-29", "20211026", "2021-W01-1",
     "２０２１-10-26", "0000-01-01", "2021-10-26T12:00:00Z"],
)  # fmt: skip
def test_these_texts_are_no_dates(text: str) -> None:
    assert not is_date(text)


@pytest.mark.parametrize("name", ["date", "date-time", "int64"])
@pytest.mark.parametrize("value", [None, True, [], {}, 1, -(2**63), 2.5])
def test_a_format_says_nothing_of_values_of_other_types(name: str, value: Any) -> None:
    assert format_checker.conforms(value, name)
