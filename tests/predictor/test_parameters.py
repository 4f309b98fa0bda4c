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
    assert parameters.validate(parameters.sample) == {}


@pytest.mark.parametrize(
    ("example", "value"),
    [
        (1, 10.0), (1, -(2**63)), (1.5, 3), (1.5, -0.0), ("a", ""), (True, False),
        ("2021-10-26", "2024-02-29"),
        (NOON, "2021-10-26T12:00:00+02:00"), (NOON, "2021-10-26t12:00:00.5z"),
        ([1], []), ([1], [1, 2.0]), ([1, "a"], [None, {}]), ([], ["any"]),
        ({"a": 1}, {"a": 1, "b": "extra"}), ({}, {"any": 1}),
        (None, None), (None, 1), (None, "a"), (None, [1]),
    ],
)  # fmt: skip
def test_these_values_are_valid(example: Any, value: Any) -> None:
    assert Parameters({"p": example}).validate({"p": value}) == {}


@pytest.mark.parametrize(
    ("example", "value", "key", "message"),
    [
        (1, "a", "p", "'a' is not of type 'integer'"),
        (1, 1.5, "p", "1.5 is not of type 'integer'"),
        (1, True, "p", "True is not of type 'integer'"),
        (1, None, "p", "None is not of type 'integer'"),
        (1, 2**63, "p", "9223372036854775808 is not a 'int64'"),
        (1, 1e300, "p", "1e+300 is not a 'int64'"),
        (1.5, "1.5", "p", "'1.5' is not of type 'number'"),
        (1.5, False, "p", "False is not of type 'number'"),
        (True, 1, "p", "1 is not of type 'boolean'"),
        (True, "true", "p", "'true' is not of type 'boolean'"),
        ("a", 1, "p", "1 is not of type 'string'"),
        ("a", None, "p", "None is not of type 'string'"),
        (NOON, "2021-10-26T12:00:00", "p", "'2021-10-26T12:00:00' is not a 'date-time'"),
        (NOON, "2021-10-26", "p", "'2021-10-26' is not a 'date-time'"),
        (NOON, "2021-02-30T12:00:00Z", "p", "'2021-02-30T12:00:00Z' is not a 'date-time'"),
        ("2021-10-26", "20211026", "p", "'20211026' is not a 'date'"),
        ("2021-10-26", "2021-W01-1", "p", "'2021-W01-1' is not a 'date'"),
        ("2021-10-26", "2023-02-29", "p", "'2023-02-29' is not a 'date'"),
        ("2021-10-26", "2021-10-26\n", "p", "'2021-10-26\\n' is not a 'date'"),
        ([1], "a", "p", "'a' is not of type 'array'"),
        ([1], [1, "a"], "p.1", "'a' is not of type 'integer'"),
        ({"a": 1}, {}, "p.a", "'a' is a required property"),
        ({"a": 1}, {"a": "x"}, "p.a", "'x' is not of type 'integer'"),
    ],
)  # fmt: skip
def test_these_values_are_refused_in_the_words_of_json_schema(
    example: Any, value: Any, key: str, message: str
) -> None:
    assert Parameters({"p": example}).validate({"p": value}) == {key: message}


def test_all_faults_come_at_once_with_one_key_each() -> None:
    parameters = Parameters({"a": 1, "b": 1.5, "c": True, "d": None})
    assert parameters.validate({"a": "x", "b": None}) == {
        "a": "'x' is not of type 'integer'",
        "b": "None is not of type 'number'",
        "c": "'c' is a required property",
    }


@pytest.mark.parametrize("body", [[], [1], "a", 1, 1.5, True, None])
@pytest.mark.parametrize("sample", [{}, {"a": 1}])
def test_a_body_that_is_no_object_is_refused_under_the_empty_key(
    body: Any, sample: dict[str, Any]
) -> None:
    assert Parameters(sample).validate(body) == {"": f"{body!r} is not of type 'object'"}


def test_without_a_sample_any_object_is_valid() -> None:
    assert Parameters({}).validate({"anything": [None]}) == {}


def test_a_long_value_is_shortened_in_its_message() -> None:
    message = Parameters({"p": 1}).validate({"p": "x" * 100_000})["p"]
    assert message.endswith("x… is not of type 'integer'")
    assert len(message) < 200


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
def test_an_example_is_shown_as_it_is_written_but_for_an_offset_that_it_lacks(
    example: Any, shown: str
) -> None:
    assert Parameters({"p": example}).sample == {"p": shown}
