"""The renderings of a schema for Swagger 2.0 and for OpenAPI 3.1."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator, validate

from app.api.schemas import to_json_schema, to_swagger
from app.predictor.dialect import SchemaValidator
from app.predictor.formats import format_checker
from tests.api.inner_schemas import INNER_SCHEMAS
from tests.predictor.bodies import VALUES

INFO = {"title": "a model", "version": "1"}
every_schema = pytest.mark.parametrize("schema", INNER_SCHEMAS.values(), ids=INNER_SCHEMAS.keys())
COUNT = {"type": "integer"}
NULL = {"type": "null"}


@every_schema
def test_swagger_2_has_every_schema(schema: dict[str, Any]) -> None:
    document = {
        "swagger": "2.0", "info": INFO, "paths": {}, "definitions": {"it": to_swagger(schema)}
    }  # fmt: skip
    validate(document, cls=OpenAPIV2SpecValidator)


@every_schema
def test_openapi_3_1_has_every_schema(schema: dict[str, Any]) -> None:
    rendered = to_json_schema(schema)
    components = {"schemas": {"it": rendered}}
    validate(
        {"openapi": "3.1.0", "info": INFO, "paths": {}, "components": components},
        cls=OpenAPIV31SpecValidator,
    )
    Draft202012Validator.check_schema(rendered)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(list(INNER_SCHEMAS.values())), VALUES)
@example(INNER_SCHEMAS["exclusive bounds"], 2)
@example(INNER_SCHEMAS["bounds that are not exclusive"], 3.0)
def test_the_rendering_for_openapi_accepts_what_the_schema_accepts(
    schema: dict[str, Any], value: Any
) -> None:
    inner = SchemaValidator(schema, format_checker=format_checker)
    rendered = Draft202012Validator(to_json_schema(schema), format_checker=format_checker)
    assert rendered.is_valid(value) == inner.is_valid(value)


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(list(INNER_SCHEMAS.values())), VALUES)
def test_the_rendering_for_swagger_accepts_all_that_the_schema_accepts(
    schema: dict[str, Any], value: Any
) -> None:
    rendered = to_swagger(schema)
    is_null = value is None and rendered.get("x-nullable", False)
    inner = SchemaValidator(schema, format_checker=format_checker)
    if inner.is_valid(value) and not is_null and not has_null(value):
        SchemaValidator(rendered, format_checker=format_checker).validate(value)


def has_null(value: Any) -> bool:
    """Return whether null is somewhere in a value: it would need x-nullable, beyond JSON Schema."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is None or any(map(has_null, parts))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, {"x-nullable": True}),
        ({"description": "d", "default": None}, {"description": "d", "x-nullable": True}),
        (NULL, {"enum": [None], "x-nullable": True}),
        ({"anyOf": [COUNT, NULL]}, {**COUNT, "x-nullable": True}),
        ({"anyOf": [NULL, COUNT], "default": None}, {**COUNT, "x-nullable": True}),
        ({"anyOf": [COUNT, NULL], "default": 1}, {**COUNT, "x-nullable": True, "default": 1}),
        (
            {"anyOf": [{**COUNT, "description": "inner"}, NULL], "description": "outer"},
            {**COUNT, "description": "outer", "x-nullable": True},
        ),
        (
            {"anyOf": [{"type": "string", "enum": ["a"]}, NULL]},
            {"type": "string", "enum": ["a", None], "x-nullable": True},
        ),
        ({"enum": ["a", None]}, {"enum": ["a", None], "x-nullable": True}),
        ({"anyOf": [COUNT, {"type": "string"}]}, {"description": "integer or string"}),
        (
            {"anyOf": [COUNT, {"enum": ["a", "é"]}, NULL], "description": "level"},
            {"description": 'level (integer or "a" or "é")', "x-nullable": True},
        ),
        (
            {"anyOf": [{"type": "array", "items": COUNT}, {"type": "string", "format": "date"}]},
            {"description": "array of integer or date"},
        ),
        (
            {"type": "array", "items": {"anyOf": [COUNT, NULL]}},
            {"type": "array", "items": {**COUNT, "x-nullable": True}},
        ),
        (
            {"type": "object", "additionalProperties": {}},
            {"type": "object", "additionalProperties": {"x-nullable": True}},
        ),
        ({"$ref": "#/definitions/x"}, {"$ref": "#/definitions/x"}),
        (
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        ),
    ],
)
def test_swagger_2_names_null_and_alternatives_in_its_own_way(
    schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert to_swagger(schema) == expected


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, {}),
        ({"anyOf": [COUNT, NULL], "default": None}, {"anyOf": [COUNT, NULL], "default": None}),
        (
            {"minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": False},
            {"exclusiveMinimum": 0, "maximum": 1},
        ),
        (
            {"anyOf": [{"maximum": 1, "exclusiveMaximum": True}, NULL]},
            {"anyOf": [{"exclusiveMaximum": 1}, NULL]},
        ),
        ({**COUNT, "example": 1}, {**COUNT, "examples": [1]}),
        ({"example": {"example": 1}}, {"examples": [{"example": 1}]}),
        (
            {"properties": {"example": {"example": None}}},
            {"properties": {"example": {"examples": [None]}}},
        ),
    ],
)
def test_openapi_3_1_has_the_keywords_of_2020_12(
    schema: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert to_json_schema(schema) == expected


@every_schema
def test_rendering_leaves_the_schema_as_it_is(schema: dict[str, Any]) -> None:
    before = repr(schema)
    to_swagger(schema)
    to_json_schema(schema)
    assert repr(schema) == before
