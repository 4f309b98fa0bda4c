"""The tensors of the metadata, by the schemas of parameters and answers."""

from typing import Any

import pytest

from app.api.v2_types import output_schemas, rank, tensor_metadata
from app.predictor.parameters import Parameters

NULL = {"type": "null"}
NUMBERS = {"type": "array", "items": {"type": "number"}}
JSON = {"content_type": "json"}


@pytest.mark.parametrize(
    ("example", "datatype", "shape", "content_type"),
    [
        (1, "INT64", [-1], None),
        (1.5, "FP64", [-1], None),
        (True, "BOOL", [-1], None),
        ("a", "BYTES", [-1], "str"),
        ("2021-10-26", "BYTES", [-1], "str"),
        ("2021-10-26T12:34:56Z", "BYTES", [-1], "datetime"),
        ([0.5, 1.5], "FP64", [-1, -1], None),
        ([[1], [2]], "INT64", [-1, -1, -1], None),
        (["a"], "BYTES", [-1, -1], "str"),
        ({"a": 1}, "BYTES", [-1], "json"),
        ([{"a": 1}], "BYTES", [-1], "json"),
        ([1, "a"], "BYTES", [-1], "json"),
        ([], "BYTES", [-1], "json"),
        (None, "BYTES", [-1], "json"),
    ],
)
def test_each_parameter_is_a_tensor(
    example: Any, datatype: str, shape: list[int], content_type: str | None
) -> None:
    metadata = tensor_metadata("x", Parameters({"x": example}).schema["properties"]["x"])
    parameters = {"parameters": {"content_type": content_type}} if content_type else {}
    assert metadata == {"name": "x", "datatype": datatype, "shape": shape, **parameters}


@pytest.mark.parametrize(
    ("schema", "datatype", "shape"),
    [
        ({"anyOf": [{"type": "integer"}, NULL]}, "INT64", [-1]),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}, NULL]}, "FP64", [-1]),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "BYTES", [-1]),
        ({"anyOf": [{"type": "integer", "enum": [1, 2]}, NULL]}, "INT64", [-1]),
        ({"anyOf": [NUMBERS, NULL]}, "FP64", [-1, -1]),
        ({**NUMBERS, "minItems": 4, "maxItems": 4}, "FP64", [-1, 4]),
        ({**NUMBERS, "minItems": 1, "maxItems": 4}, "FP64", [-1, -1]),
        ({"type": "string", "enum": ["a"]}, "BYTES", [-1]),
        ({"enum": ["a", 1]}, "BYTES", [-1]),
        (NULL, "BYTES", [-1]),
    ],
)
def test_the_tensor_is_that_of_the_values_that_are_not_null(
    schema: dict[str, Any], datatype: str, shape: list[int]
) -> None:
    metadata = tensor_metadata("x", schema)
    assert (metadata["datatype"], metadata["shape"]) == (datatype, shape)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "number"}, 0),
        ({"type": "object"}, 0),
        ({"anyOf": [NUMBERS, NULL]}, 1),
        ({"type": "array", "items": NUMBERS}, 2),
        ({"type": "array", "items": {}}, 1),
        ({}, None),
        ({"anyOf": [NUMBERS, {"type": "number"}]}, None),
    ],
)
def test_a_schema_tells_the_dimensions_of_a_value(
    schema: dict[str, Any], expected: int | None
) -> None:
    assert rank(schema) == expected


def test_each_part_of_an_answer_is_an_output() -> None:
    part = {"score": {"type": "number"}}
    answer = {"type": "object", "properties": part}
    assert output_schemas(answer) == part
    assert output_schemas({"anyOf": [answer, NULL]}) == part
    assert output_schemas({"type": "number"}) == {"predict": {"type": "number"}}
    assert output_schemas({"type": "object"}) == {}
    assert output_schemas({}) == {}
