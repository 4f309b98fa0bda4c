from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.predictor.conversion import compile_converter, compile_exact
from app.predictor.dialect import Schema
from app.predictor.fast_validation import compile_validator
from app.predictor.hints import schema_of_typed_dict
from app.predictor.parameters import Parameters
from tests.predictor.typed_dicts import ROWS, bodies

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}


def an_object(**properties: Schema) -> Schema:
    required = [name for name, schema in properties.items() if "default" not in schema]
    return {"type": "object", "properties": properties, "required": required}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (INTEGER, 10.0, 10), (NUMBER, 10, 10.0), (NUMBER, 2**63, float(2**63)),
        ({"type": "array", "items": NUMBER}, [1, 2.5], [1.0, 2.5]),
        ({"type": "array", "items": {"type": "array", "items": INTEGER}}, [[1.0], []], [[1], []]),
        ({"type": "object", "additionalProperties": NUMBER}, {"a": 1}, {"a": 1.0}),
        ({"anyOf": [NUMBER, {"type": "null"}]}, 1, 1.0), ({"anyOf": [NUMBER, {"type": "null"}]}, None, None),
        ({"anyOf": [INTEGER, NUMBER]}, 1.0, 1), ({"anyOf": [INTEGER, NUMBER]}, 1.5, 1.5), ({"anyOf": [NUMBER, INTEGER]}, 1, 1.0),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": NUMBER}]}, [1], [1.0]),
        (an_object(b=NUMBER, a=INTEGER), {"x": 1, "a": 1.0, "b": 2}, {"b": 2.0, "a": 1, "x": 1}),
        (an_object(a=an_object(b=NUMBER)), {"a": {"b": 1}}, {"a": {"b": 1.0}}),
        (an_object(a=an_object(b={**NUMBER, "default": 3})), {"a": {}}, {"a": {"b": 3.0}}),
    ],
)  # fmt: skip
def test_a_value_gets_the_type_and_the_order_of_its_schema(
    schema: Schema, value: Any, expected: Any
) -> None:
    convert = compile_converter(schema)
    assert convert is not None
    assert repr(convert(value)) == repr(expected)


@pytest.mark.parametrize(
    "schema",
    [{}, {"type": "string"}, {"type": "array", "items": {}}, {"type": "object"},
     {"type": "object", "additionalProperties": {}}, {"anyOf": [{"type": "string"}, {"type": "null"}]}],
)  # fmt: skip
def test_where_nothing_changes_there_is_no_converter(schema: Schema) -> None:
    assert compile_converter(schema) is None


def test_a_parameter_that_is_left_out_is_none_a_part_of_one_is_not() -> None:
    parameters = Parameters({"a": None, "b": {"c": None, "d": 1}})
    assert parameters.convert({"b": {"d": 1}}) == {"a": None, "b": {"d": 1}}


def test_each_row_gets_a_default_of_its_own() -> None:
    schema = an_object(tags={"type": "array", "items": {}, "default": []})
    convert = compile_converter(schema)
    assert convert is not None
    convert({})["tags"].append("changed by the model")
    assert convert({}) == {"tags": []}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_converted_body_is_valid_and_a_second_conversion_changes_nothing(
    data: st.DataObject,
) -> None:
    schema = schema_of_typed_dict(data.draw(ROWS))
    body = data.draw(bodies(schema))
    is_valid, convert = compile_validator(schema), compile_converter(schema)
    if convert is not None and is_valid(body):
        converted = convert(body)
        assert is_valid(converted)
        assert repr(convert(converted)) == repr(converted)


@settings(max_examples=300)
@given(data=st.data())
def test_a_body_of_the_exact_types_is_valid_and_stays_as_it_is(data: st.DataObject) -> None:
    values = {"a": 1.5, "b": 2.5, "c": True, "d": "text"}
    names = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, unique=True))
    parameters = Parameters({name: values[name] for name in names})
    bodies = st.dictionaries(
        st.sampled_from([*names, "x"]), st.sampled_from([1.5, 2.0, 2, True, "text", None])
    )
    exact = st.just({name: values[name] for name in names})
    body = data.draw(bodies | exact)
    if parameters.are_exact([body]):
        assert parameters.is_valid(body)
        converted = parameters.convert(dict(body))
        assert repr(converted) == repr(body)
    else:
        assert (
            not parameters.is_valid(body)
            or repr(parameters.convert(dict(body))) != repr(body)
            or "x" in body
        )


@pytest.mark.parametrize(
    "schema",
    [
        an_object(a={**NUMBER, "minimum": 0}),
        an_object(a={"type": "string", "format": "date"}),
        an_object(a={"type": "string", "enum": ["x"]}),
        an_object(a={"type": "integer", "format": "int64"}),
        an_object(a={"anyOf": [NUMBER, {"type": "null"}]}),
        an_object(a={**NUMBER, "default": 1.0}),
        an_object(a={"type": "array", "items": NUMBER}),
        an_object(a={}),
        {"type": "object"},
    ],
)
def test_where_more_than_types_matter_no_body_is_exact(schema: Schema) -> None:
    are_exact = compile_exact(schema)
    bodies: list[Any] = [{"a": 1.0}, {"a": 1}, {"a": "x"}, {"a": [1.0]}, {}]
    assert not any(are_exact([body]) for body in bodies)


@pytest.mark.parametrize("body", [{}, [], None, 1, "a", {"b": 1.5, "a": "x"}, {"a": "x", "b": 1}])
def test_rows_are_exact_only_if_each_is(body: Any) -> None:
    parameters, exact = Parameters({"a": "x", "b": 1.5}), {"a": "y", "b": 2.5}
    assert parameters.are_exact([exact, exact])
    assert not parameters.are_exact([body])
    assert not parameters.are_exact([exact, body])
