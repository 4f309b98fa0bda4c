"""The fast validation accepts exactly what jsonschema accepts, for any sample and body."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.predictor.fast_validation import compile_validator
from app.predictor.hints import schema_of_typed_dict
from app.predictor.parameters import Parameters
from tests.predictor.bodies import SAMPLES, VALUES, errors_of_jsonschema, shaken
from tests.predictor.typed_dicts import ROWS, bodies


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


@given(SAMPLES)
def test_every_sample_is_valid(sample: dict[str, Any]) -> None:
    parameters = Parameters(sample)
    assert parameters.is_valid(parameters.sample)


def test_small_objects_cost_little_however_many_names_the_sample_has() -> None:
    is_valid = Parameters({"rows": [dict.fromkeys(map(str, range(20_000)))]}).is_valid
    assert is_valid({"rows": [{}, {"5": 1}, {"other": 1}] * 100_000})  # 6e9 pairs of names
