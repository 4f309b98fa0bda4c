"""Validation of bodies by the parameters' schema, and the words of its errors."""

import datetime
import tracemalloc
from typing import Any, Literal, TypedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.predictor.hints import schema_of_typed_dict
from app.predictor.parameters import Parameters
from app.predictor.validation import Validator
from tests.predictor.bodies import SAMPLES, VALUES, errors_of_jsonschema, shaken, words
from tests.predictor.typed_dicts import ROWS, bodies, typed_dict

NOON = datetime.datetime(2021, 10, 26, 12, tzinfo=datetime.UTC)


def errors(parameters: Parameters, body: Any) -> dict[str, str]:
    """Return the errors of the full validation; the fast one must agree."""
    error = parameters.validate(body)
    assert parameters.is_valid(body) == (not error.errors)
    assert error.total == len(error.errors)
    assert str(error) == "Input payload validation failed"
    return error.errors


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
        (1, True, "p", "true is not of type 'integer'"),
        (1, None, "p", "null is not of type 'integer'"),
        (1, 2**63, "p", "9223372036854775808 is not a 'int64'"),
        (1, 1e300, "p", "1e+300 is not a 'int64'"),
        (1.5, "1.5", "p", "'1.5' is not of type 'number'"),
        (1.5, False, "p", "false is not of type 'number'"),
        (True, 1, "p", "1 is not of type 'boolean'"),
        (True, "true", "p", "'true' is not of type 'boolean'"),
        ("a", 1, "p", "1 is not of type 'string'"),
        ("a", None, "p", "null is not of type 'string'"),
        (NOON, "2021-10-26T12:00:00", "p", "'2021-10-26T12:00:00' is not a 'date-time': add Z or an offset, such as +02:00"),
        (NOON, "2021-10-26", "p", "'2021-10-26' is not a 'date-time'"),
        (NOON, "2021-02-30T12:00:00Z", "p", "'2021-02-30T12:00:00Z' is not a 'date-time'"),
        (NOON, "2021-10-26T12:00:00Z\n", "p", "'2021-10-26T12:00:00Z\\n' is not a 'date-time'"),
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
        "b": "null is not of type 'number'",
        "c": "'c' is a required property",
    }


@pytest.mark.parametrize("body", [[], [1], "a", 1, 1.5, True, None])
@pytest.mark.parametrize("sample", [{}, {"a": 1}])
def test_a_body_that_is_not_an_object_is_rejected_under_the_empty_key(
    body: Any, sample: dict[str, Any]
) -> None:
    assert errors(Parameters(sample), body) == {"": f"{words(body)} is not of type 'object'"}


def test_without_a_sample_any_object_is_valid() -> None:
    assert errors(Parameters({}), {"anything": [None]}) == {}


def test_a_long_value_is_truncated_in_its_message() -> None:
    message = errors(Parameters({"p": 1}), {"p": "x" * 100_000})["p"]
    assert message.endswith("x… is not of type 'integer'")
    assert len(message) < 200


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_errors_are_the_first_of_jsonschema_in_its_order_and_all_are_counted(
    data: st.DataObject,
) -> None:
    parameters = Parameters(data.draw(SAMPLES))
    body = data.draw(shaken(parameters.sample) | VALUES)
    errors = errors_of_jsonschema(parameters.schema, body)
    error = Validator(parameters.schema).validate(body, max_errors=3)
    assert list(error.errors.items()) == errors[:3]
    assert error.total == len(errors)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_errors_by_a_typed_dict_are_those_of_jsonschema(data: st.DataObject) -> None:
    schema = schema_of_typed_dict(data.draw(ROWS))
    body = data.draw(bodies(schema))
    error = Validator(schema).validate(body)
    # jsonschema's own order of additionalProperties is that of a set.
    assert error.errors == dict(errors_of_jsonschema(schema, body))
    assert error.total == len(error.errors)


class House(TypedDict):
    kind: Literal["house"]
    rooms: int


class Flat(TypedDict):
    kind: Literal["flat"]
    floor: int


UNION = schema_of_typed_dict(typed_dict({"p": House | Flat | list[int] | list[str] | None}))


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        ({"kind": "flat", "floor": "a"}, "p.floor", "'a' is not of type 'integer'"),
        ({"kind": "house"}, "p.rooms", "'rooms' is a required property"),
        ({"kind": "hut"}, "p", "{'kind': 'hut'} is not valid under any of the given schemas"),
        ({}, "p", "{} is not valid under any of the given schemas"),
        ([1, "a"], "p", "[1, 'a'] is not valid under any of the given schemas"),
        (7, "p", "7 is not of type 'object', 'array', 'null'"),
    ],
)
def test_an_error_in_a_union_is_that_of_the_alternative_that_is_meant(
    value: Any, key: str, message: str
) -> None:
    assert Validator(UNION).validate({"p": value}).errors == {key: message}


def test_a_large_value_of_a_union_is_one_error_that_needs_little_memory() -> None:
    validator, body = Validator(UNION), {"p": [1.5] * 100_000}
    tracemalloc.start()
    error = validator.validate(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.total == 1
    assert len(error.errors["p"]) < 200
    assert peak < 2**20  # bytes; an error of each item by each alternative has a hundred times that


def test_a_long_name_is_truncated_in_the_key_of_its_errors() -> None:
    schema = {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "null"}},
    }
    error = Validator(schema).validate({"k" * 900_000: ["x"] * 100})
    assert [len(key) for key in error.errors] == [len(f"{'k' * 100}….{n}") for n in range(100)]


def test_of_many_errors_the_first_hundred_are_shown_and_the_message_has_their_number() -> None:
    error = Parameters({"p": [1], "q": "a"}).validate({"p": ["x"] * 4710})
    assert list(error.errors) == [f"p.{index}" for index in range(100)]
    assert error.total == 4711
    assert str(error) == "Input payload validation failed: 100 of 4711 errors shown"


def test_a_hundred_errors_are_all_shown() -> None:
    error = Parameters({"p": [1], "q": "a"}).validate({"p": ["x"] * 99})
    assert len(error.errors) == error.total == 100
    assert "q" in error.errors
    assert str(error) == "Input payload validation failed"


def test_the_missing_names_of_many_objects_are_counted_without_looking_for_each() -> None:
    row = {f"n{index}": index for index in range(20_000)}
    error = Parameters({"rows": [row]}).validate({"rows": [{}, {"n7": 7}, {"n7": "x"}] * 100_000})
    assert error.total == 100_000 * (20_000 + 19_999 + 20_000)
    assert list(error.errors) == [f"rows.0.n{index}" for index in range(100)]


def test_deep_bodies_are_validated() -> None:
    sample: Any = 1
    body: Any = ["x"] * 10_000
    for _ in range(150):
        sample = [sample]
    for _ in range(149):
        body = [body]
    error = Parameters({"p": sample}).validate({"p": body})
    assert error.total == 10_000
    assert next(iter(error.errors)) == "p" + ".0" * 150


def test_two_errors_with_one_key_are_one_and_the_message_says_so() -> None:
    error = Parameters({"a.b": 1, "a": {"b": 1}}).validate({"a.b": "x", "a": {"b": "y"}})
    assert error.errors == {"a.b": "'x' is not of type 'integer'"}
    assert str(error) == "Input payload validation failed: 1 of 2 errors shown"
