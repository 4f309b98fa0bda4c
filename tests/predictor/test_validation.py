"""Validation of bodies by the parameters' schema, and the words of its errors."""

import datetime
from typing import Any

import pytest

from app.predictor.parameters import Parameters

NOON = datetime.datetime(2021, 10, 26, 12, tzinfo=datetime.UTC)


def errors(parameters: Parameters, body: Any) -> dict[str, str]:
    """Return the errors of the full validation; the fast one must agree."""
    found = parameters.validate(body)
    assert parameters.is_valid(body) == (not found)
    return found


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
    assert errors(Parameters({"p": example}), {"p": value}) == {}


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
def test_these_values_are_rejected_in_the_words_of_json_schema(
    example: Any, value: Any, key: str, message: str
) -> None:
    assert errors(Parameters({"p": example}), {"p": value}) == {key: message}


def test_all_errors_are_returned_at_once_with_one_key_each() -> None:
    parameters = Parameters({"a": 1, "b": 1.5, "c": True, "d": None})
    assert errors(parameters, {"a": "x", "b": None}) == {
        "a": "'x' is not of type 'integer'",
        "b": "None is not of type 'number'",
        "c": "'c' is a required property",
    }


@pytest.mark.parametrize("body", [[], [1], "a", 1, 1.5, True, None])
@pytest.mark.parametrize("sample", [{}, {"a": 1}])
def test_a_body_that_is_not_an_object_is_rejected_under_the_empty_key(
    body: Any, sample: dict[str, Any]
) -> None:
    assert errors(Parameters(sample), body) == {"": f"{body!r} is not of type 'object'"}


def test_without_a_sample_any_object_is_valid() -> None:
    assert errors(Parameters({}), {"anything": [None]}) == {}


def test_a_long_value_is_truncated_in_its_message() -> None:
    message = errors(Parameters({"p": 1}), {"p": "x" * 100_000})["p"]
    assert message.endswith("x… is not of type 'integer'")
    assert len(message) < 200
