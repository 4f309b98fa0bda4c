import math
import re
from typing import Any

import annotated_types
import msgspec
import numpy as np
import pydantic
import pytest
import typing_extensions

from app.predictor.dialect import Schema
from app.predictor.keywords import KeywordError, annotate

INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
TEXT: Schema = {"type": "string"}
LIST: Schema = {"type": "array", "items": {}}
MAP: Schema = {"type": "object"}
NULL: Schema = {"type": "null"}
NULLABLE: Schema = {"anyOf": [NUMBER, NULL]}


class Bounds:
    """An object of no known package, with their attributes."""

    ge = 1
    multiple_of = 2
    unit = "km"


@pytest.mark.parametrize(
    ("schema", "metadata", "added"),
    [
        (TEXT, ["some", "last words"], {"description": "last words"}),
        (NUMBER, [{"minimum": 1}], {"minimum": 1}), (NUMBER, [{"minimum": np.float32(1.5)}], {"minimum": 1.5}),
        (NUMBER, [{"exclusiveMinimum": 1}], {"minimum": 1, "exclusiveMinimum": True}),
        (NUMBER, [{"minimum": 1, "exclusiveMinimum": True}], {"minimum": 1, "exclusiveMinimum": True}),
        (NUMBER, [{"minimum": 1, "exclusiveMinimum": False}], {"minimum": 1}),
        (NUMBER, [{"minimum": 1}, {"minimum": 3}, {"minimum": 2}], {"minimum": 3}),
        (NUMBER, [{"exclusiveMinimum": 1, "minimum": 1}], {"minimum": 1, "exclusiveMinimum": True}),
        (NUMBER, [{"exclusiveMaximum": 5, "maximum": 4}], {"maximum": 4}),
        (NUMBER, [{"maximum": 5}, {"exclusiveMaximum": 5}], {"maximum": 5, "exclusiveMaximum": True}),
        (INTEGER, [{"multipleOf": 0.5, "title": "t"}], {"multipleOf": 0.5, "title": "t"}),
        (TEXT, [{"pattern": "^a$", "format": "date"}], {"pattern": "^a$", "format": "date"}),
        (LIST, [{"minItems": 1, "uniqueItems": True}], {"minItems": 1, "uniqueItems": True}),
        (MAP, [{"minProperties": 1, "maxProperties": 2}], {"minProperties": 1, "maxProperties": 2}),
        (TEXT, [{"enum": ["a", "b", "a"], "default": "a", "example": "b"}],
         {"enum": ["a", "b"], "default": "a", "example": "b"}),
        (NUMBER, [annotated_types.Ge(1), annotated_types.Lt(5)], {"minimum": 1, "maximum": 5, "exclusiveMaximum": True}),
        (NUMBER, [annotated_types.Interval(gt=1)], {"minimum": 1, "exclusiveMinimum": True}),
        (TEXT, [annotated_types.Len(1, 3)], {"minLength": 1, "maxLength": 3}),
        (LIST, [annotated_types.MinLen(2)], {"minItems": 2}), (MAP, [annotated_types.MaxLen(2)], {"maxProperties": 2}),
        (INTEGER, [annotated_types.MultipleOf(3)], {"multipleOf": 3}),
        (NUMBER, [annotated_types.Unit("m/s"), annotated_types.doc("wind")], {"description": "wind [m/s]"}),
        (NUMBER, [typing_extensions.Doc("wind")], {"description": "wind"}),
        (NUMBER, [pydantic.Field(ge=1, lt=5, multiple_of=2, description="wind", default=2)],
         {"minimum": 1, "maximum": 5, "exclusiveMaximum": True, "multipleOf": 2, "description": "wind", "default": 2}),
        (NUMBER, [pydantic.Field(default_factory=lambda: 3)], {"default": 3}), (NUMBER, [pydantic.Field(...)], {}),
        (TEXT, [pydantic.Field(min_length=1, pattern="^a")], {"minLength": 1, "pattern": "^a"}),
        (NUMBER, [msgspec.Meta(gt=1, le=5, description="wind")],
         {"minimum": 1, "exclusiveMinimum": True, "maximum": 5, "description": "wind"}),
        (TEXT, [msgspec.Meta(pattern="^a", max_length=2)], {"pattern": "^a", "maxLength": 2}),
        (NUMBER, [Bounds()], {"minimum": 1, "multipleOf": 2, "description": "[km]"}),
        (TEXT, [type("It", (), {"pattern": re.compile("a")})()], {"pattern": "a"}),
        (NUMBER, [object(), None, 5, annotated_types.Timezone("UTC")], {}),  # of other tools
    ],
)  # fmt: skip
def test_what_annotated_says_becomes_keywords(
    schema: Schema, metadata: list[Any], added: Schema
) -> None:
    assert annotate(schema, tuple(metadata)) == {**schema, **added}


def test_a_keyword_of_a_union_is_of_the_alternatives_of_its_type() -> None:
    annotated = annotate(NULLABLE, ({"minimum": 1, "default": None}, "wind"))
    bounded = {"type": "number", "minimum": 1}
    assert annotated == {"anyOf": [bounded, NULL], "default": None, "description": "wind"}
    assert NULLABLE == {"anyOf": [{"type": "number"}, NULL]}


@pytest.mark.parametrize(
    ("choices", "schema"),
    [
        ([1, 2.5, None], {"anyOf": [{"type": "number", "enum": [1, 2.5]}, NULL]}),
        ([1, 2], {"type": "number", "enum": [1, 2]}),
        ([None], NULL),
    ],
)
def test_choices_of_a_union_are_those_of_each_alternative(
    choices: list[Any], schema: Schema
) -> None:
    assert annotate(NULLABLE, ("wind", {"enum": choices})) == {**schema, "description": "wind"}


@pytest.mark.parametrize(
    ("schema", "metadata", "message"),
    [
        (TEXT, {"minimum": 1}, "minimum is for integer or number, not for string"),
        (NULLABLE, {"minLength": 1}, "minLength is for string, not for this type"),
        (NUMBER, annotated_types.Len(1), "min_length is for string or array or object, not for number"),
        (NUMBER, {"min": 1}, "'min' is not one of minimum, maximum,"),
        (NUMBER, {1: 1}, "1 is not one of minimum, maximum,"),
        (NUMBER, {"minimum": "a"}, "minimum is 'a': give a number"),
        (NUMBER, {"minimum": True}, "minimum is True: give a number"),
        (NUMBER, {"maximum": float("inf")}, "maximum is inf: give a number"),
        (NUMBER, {"exclusiveMinimum": True}, "exclusiveMinimum is None: give a number"),
        (NUMBER, {"multipleOf": 0}, "multipleOf is 0: give a number above 0"),
        (TEXT, {"minLength": -1}, "minLength is -1: give a number of items or characters"),
        (TEXT, {"pattern": 1}, "pattern is 1: give a regular expression"),
        (TEXT, {"pattern": "("}, "pattern '(' is not a regular expression of RE2: missing ): ("),
        (TEXT, {"pattern": "(?=a)"}, "pattern '(?=a)' is not a regular expression of RE2: invalid perl operator: (?="),
        (TEXT, {"format": "email"}, "format is 'email': give 'date' or 'date-time'"),
        (TEXT, {"title": 1}, "title is 1: give a text"),
        (TEXT, {"description": "\ud800"}, "description cannot be sent as JSON: "),
        (LIST, {"uniqueItems": 1}, "uniqueItems is 1: give True or False"),
        (TEXT, {"enum": "abc"}, "enum is 'abc': give a list of choices"),
        (TEXT, {"enum": []}, "enum is []: give a list of choices"),
        (NULLABLE, {"enum": [1, "a"]}, "enum is 'a': give choices that are valid by the type"),
        (TEXT, {"enum": ["a", 1]}, "enum is 1: give choices that are valid by string"),
        (NUMBER, annotated_types.Predicate(math.isfinite), "JSON Schema cannot say Predicate(math.isfinite): check it in run()"),
        (NUMBER, pydantic.AfterValidator(abs), "JSON Schema cannot say AfterValidator(func=<built-in function abs>)"),
    ],
)  # fmt: skip
def test_what_json_schema_cannot_say_is_one_line(
    schema: Schema, metadata: Any, message: str
) -> None:
    with pytest.raises(KeywordError) as error:
        annotate(schema, (metadata,))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
