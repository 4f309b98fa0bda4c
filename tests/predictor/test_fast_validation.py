"""The fast validation accepts exactly what jsonschema accepts, for any sample and body."""

from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.predictor.fast_validation import compile_validator
from app.predictor.hints import schema_of_typed_dict
from app.predictor.parameters import Parameters
from tests.predictor.bodies import SAMPLES, VALUES, errors_of_jsonschema, shaken
from tests.predictor.typed_dicts import ROWS, bodies, typed_dict


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_the_fast_validation_accepts_exactly_what_jsonschema_accepts(data: st.DataObject) -> None:
    parameters = Parameters(data.draw(SAMPLES))
    body = data.draw(shaken(parameters.sample) | VALUES)
    assert parameters.is_valid(body) == (errors_of_jsonschema(parameters.schema, body) == [])


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_it_accepts_what_jsonschema_accepts_for_any_typed_dict(data: st.DataObject) -> None:
    schema = schema_of_typed_dict(data.draw(ROWS))
    body = data.draw(bodies(schema))
    assert compile_validator(schema)(body) == (errors_of_jsonschema(schema, body) == [])


@pytest.mark.parametrize(
    ("hint", "valid", "invalid"),
    [
        (Annotated[float, {"minimum": 1}], [1, 1.5], [0.999]),
        (Annotated[float, {"exclusiveMinimum": 1}], [1.001], [1, 1.0]),
        (Annotated[int, {"maximum": 1}], [1, 1.0, -5], [2]),
        (Annotated[int, {"exclusiveMaximum": 1}], [0], [1, 1.0]),
        (Annotated[int, {"multipleOf": 3}], [0, 3, -6.0], [1]),
        (Annotated[str, {"minLength": 2, "maxLength": 3}], ["ab", "😀é", "abc"], ["a", "abcd"]),
        (Annotated[str, {"pattern": "^[A-Z]+$"}], ["NL"], ["", "NL\n", "nl"]),
        (Annotated[list[int], {"minItems": 1, "maxItems": 2}], [[1], [1, 2]], [[], [1, 2, 3]]),
        (Annotated[list[Any], {"uniqueItems": True}], [[1, True]], [[1, 1.0], [[1], [1.0]]]),
        (Annotated[dict[str, int], {"minProperties": 1}], [{"a": 1}], [{}, {"a": "b"}]),
        (Literal[1, "a"], [1, 1.0, "a"], [True, "1", 2, None]),
        (int | str | None, [1, "a", None], [1.5, True, []]),
    ],
)
def test_at_a_bound_it_accepts_what_jsonschema_accepts(
    hint: Any, valid: list[Any], invalid: list[Any]
) -> None:
    schema = schema_of_typed_dict(typed_dict({"p": hint}))
    is_valid = compile_validator(schema)
    for value in valid:
        assert is_valid({"p": value}), value
        assert errors_of_jsonschema(schema, {"p": value}) == []
    for value in invalid:
        assert not is_valid({"p": value}), value
        assert errors_of_jsonschema(schema, {"p": value}) != []


@given(SAMPLES)
def test_every_sample_is_valid(sample: dict[str, Any]) -> None:
    parameters = Parameters(sample)
    assert parameters.is_valid(parameters.sample)


def test_small_objects_cost_little_however_many_names_the_sample_has() -> None:
    is_valid = Parameters({"rows": [dict.fromkeys(map(str, range(20_000)))]}).is_valid
    assert is_valid({"rows": [{}, {"5": 1}, {"other": 1}] * 100_000})  # 6e9 pairs of names
