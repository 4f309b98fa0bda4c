import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from app.errors import ModelError
from app.predictor.parameters import Parameters

NOON = datetime.datetime(2021, 10, 26, 12, tzinfo=datetime.UTC)


def kind(example: Any) -> dict[str, Any]:
    schema: dict[str, Any] = Parameters({"p": example}).schema["properties"]["p"]
    return {key: value for key, value in schema.items() if key in ("type", "format")}


INTEGER = {"type": "integer", "format": "int64"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
STRING = {"type": "string"}
DATE = {"type": "string", "format": "date"}
DATE_TIME = {"type": "string", "format": "date-time"}


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (1, INTEGER), (np.int64(1), INTEGER), (np.uint8(1), INTEGER),
        (1.0, NUMBER), (np.float32(1), NUMBER), (decimal.Decimal("1.5"), NUMBER),
        (True, BOOLEAN), (np.bool_(True), BOOLEAN),
        ("", STRING), ("abc", STRING), (np.str_("abc"), STRING),
        ("2021", STRING), ("20211026", STRING), ("2021-13-01", STRING), ("2021-10-26 12:00", STRING),
        ("2021-10-26T25:00:00Z", STRING), ("２０２１-10-26", STRING),
        ("2021-10-26", DATE), (datetime.date(2021, 10, 26), DATE),
        ("2021-10-26T12:00:00Z", DATE_TIME), ("2021-10-26T12:00:00.123456", DATE_TIME),
        ("2021-10-26T12:00:00+02:00", DATE_TIME), (NOON, DATE_TIME),
        (NOON.replace(tzinfo=None), DATE_TIME), (pd.Timestamp(NOON), DATE_TIME),
        (np.datetime64("2021-10-26T12:00:00"), DATE_TIME), (np.datetime64("2021-10-26"), DATE),
        ([1, 2], {"type": "array"}), ((1.5,), {"type": "array"}),
        (np.array([1.5]), {"type": "array"}), ({"a": 1}, {"type": "object"}), (None, {}),
    ],
)  # fmt: skip
def test_a_parameter_has_the_type_of_its_example(example: Any, expected: dict[str, Any]) -> None:
    assert kind(example) == expected


@pytest.mark.parametrize(
    "example",
    [1, 1.5, True, "abc", NOON, NOON.date(), NOON.replace(tzinfo=None), [1, 2], [], {"a": [1.5]},
     {}, None, "2021-10-26T12:00:00", "2021-10-26T12:00", float("nan"), np.array([[1, 2], [3, 4]])],
)  # fmt: skip
def test_the_sample_is_valid_by_its_own_schema(example: Any) -> None:
    parameters = Parameters({"p": example})
    assert parameters.validate(parameters.sample).errors == {}
    assert parameters.is_valid(parameters.sample)


def test_whole_numbers_reach_the_model_as_int_at_any_depth() -> None:
    parameters = Parameters({"a": 1, "b": [1], "c": {"d": 1}, "e": 1.5})
    converted = parameters.convert({"a": 10.0, "b": [2.0], "c": {"d": 3.0}, "e": 4, "f": 5.0})
    assert converted == {"a": 10, "b": [2], "c": {"d": 3}, "e": 4, "f": 5.0}
    assert type(converted["a"]) is type(converted["b"][0]) is type(converted["c"]["d"]) is int
    assert type(converted["f"]) is float


@pytest.mark.parametrize("example", [object(), {1, 2}, b"bytes", 1j, [object()], {"a": object()}])
def test_an_example_without_json_counterpart_is_named(example: Any) -> None:
    with pytest.raises(ModelError, match=r"sample\(\)\['p'\].* is not JSON-serialisable"):
        Parameters({"p": example})


def test_an_example_beyond_64_bits_is_named() -> None:
    with pytest.raises(ModelError, match=r"sample\(\)\['p'\] is beyond 64 bits"):
        Parameters({"p": 2**63})


@pytest.mark.parametrize(
    ("example", "shown"),
    [
        ("2021-10-26T12:00:00Z", "2021-10-26T12:00:00Z"),
        ("2021-10-26T12:00:00.5+02:00", "2021-10-26T12:00:00.5+02:00"),
        ("2021-10-26T12:00:00", "2021-10-26T12:00:00Z"),
        ("2021-10-26T12:00", "2021-10-26T12:00:00Z"),
        (NOON, "2021-10-26T12:00:00+00:00"),
    ],
)
def test_an_example_is_shown_as_it_is_written_with_an_added_offset_if_it_has_none(
    example: Any, shown: str
) -> None:
    assert Parameters({"p": example}).sample == {"p": shown}


CIRCULAR: dict[str, Any] = {}
CIRCULAR["self"] = CIRCULAR


def nested(levels: int) -> Any:
    example: Any = 1
    for _ in range(levels):
        example = [example]
    return example


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ({2023: 5}, "sample()['p'] has the name 2023: names in JSON are strings"),
        ({1: 2, "1": 3}, "sample()['p'] has the name 1: names in JSON are strings"),
        ([{"a": {None: 1}}], "sample()['p'][0]['a'] has the name None: names in JSON are strings"),
        ("\ud800", "sample()['p'] cannot be sent as JSON: str is not valid UTF-8"),
        ({"\ud800": 1}, "sample()['p'] cannot be sent as JSON: "),
        (nested(205), "sample()['p'] cannot be sent as JSON: recursion limit exceeded"),
        (nested(2000), "sample() holds a value that is nested too deeply, or contains itself"),
        (CIRCULAR, "sample() holds a value that is nested too deeply, or contains itself"),
        (pd.NaT, "sample() is not valid at 'p': 'NaTZ' is not a 'date-time'; give another example"),
    ],
)  # fmt: skip
def test_an_example_that_no_caller_can_send_is_named(example: Any, message: str) -> None:
    with pytest.raises(ModelError) as error:
        Parameters({"p": example})
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_an_example_as_deep_as_a_body_may_be_is_taken() -> None:
    assert Parameters({"p": nested(198)}).sample == {"p": nested(198)}


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "1e400"])
def test_a_decimal_without_a_finite_float_is_a_number(text: str) -> None:
    assert kind(decimal.Decimal(text)) == NUMBER
    assert Parameters({"p": decimal.Decimal(text)}).sample == {"p": 0.0}


def test_a_date_time_with_a_line_feed_is_a_text() -> None:
    assert kind("2021-10-26T12:00:00Z\n") == STRING
