from typing import Annotated, Any

import pytest

from app.predictor.hints import schema_of_typed_dict
from app.predictor.parameters import Parameters
from app.predictor.type_words import kind_of, one_line
from tests.predictor.typed_dicts import typed_dict


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "format": "int64"}, "integer"),
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date"}, "date"),
        ({}, "any"),
        ({"type": "array", "items": {}}, "array"),
        ({"type": "array", "items": {"type": "number"}}, "array of number"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number or null"),
        ({"enum": ["a", 1]}, '"a" or 1'),
        (
            {"type": "integer", "minimum": 0, "maximum": 9, "exclusiveMaximum": True},
            "integer, minimum 0, maximum 9 exclusive",
        ),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, Any], words: str) -> None:
    assert kind_of(schema) == words


def test_many_parameters_are_shortened() -> None:
    line = one_line(Parameters({f"feature_{number}": 0.5 for number in range(1000)}))
    assert line.startswith("feature_0 (number), feature_1 (number), ")
    assert line.endswith("…")
    assert len(line) < 1100


@pytest.mark.parametrize(("example", "is_told"), [(24, True), ([1, 2], True), (24.0, False)])
def test_what_an_integer_in_the_sample_means_is_told(example: Any, is_told: bool) -> None:
    assert ("99.5" in one_line(Parameters({"a": example}))) is is_told


def test_what_an_integer_in_a_typed_dict_means_needs_no_words() -> None:
    schema = schema_of_typed_dict(typed_dict({"docks": Annotated[int, {"minimum": 0}]}))
    assert one_line(Parameters({"docks": 24}, schema)) == "docks (integer, minimum 0)"
