"""TypedDicts that say too much, or something wrong; model/README.md's table has what each becomes."""

import datetime
import enum
import typing
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

import numpy as np
import pytest
import typing_extensions

from app.errors import ModelError
from app.predictor.dialect import Schema
from app.predictor.hints import schema_of_typed_dict
from app.predictor.validation import Validator
from tests.predictor.typed_dicts import typed_dict

INTEGER = {"type": "integer", "format": "int64"}


class Point(NamedTuple):
    x: int


class Node(TypedDict):
    child: "Node"


class Plain(enum.Enum):
    ONE = 1
    OTHER = "b"


class Objects(enum.Enum):
    ONE = object()


def schema_of(hint: Any) -> Schema:
    schema: Schema = schema_of_typed_dict(typed_dict({"p": hint}))["properties"]["p"]
    return schema


def message_of(hint: Any) -> str:
    with pytest.raises(ModelError) as error:
        schema_of(hint)
    return str(error.value)


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (np.int32, INTEGER), (np.float64, {"type": "number"}), (np.str_, {"type": "string"}),
        (None, {"type": "null"}), (object, {}), (list, {"type": "array", "items": {}}), (dict, {"type": "object"}),
        (dict[str, Any], {"type": "object"}), (tuple, {"type": "array", "items": {}}),
        (tuple[int, ...], {"type": "array", "items": INTEGER}), (typing.Sequence[int], {"type": "array", "items": INTEGER}),
        (typing.Mapping[str, int], {"type": "object", "additionalProperties": INTEGER}),
        (NewType("Docks", int), INTEGER), (typing_extensions.TypeAliasType("Docks", int), INTEGER),
        (int | int, INTEGER), (int | Any, {}), (int | (str | None), {"anyOf": [INTEGER, {"type": "string"}, {"type": "null"}]}),
        (Literal[1, "a"], {"enum": [1, "a"]}), (Literal[True, False], {"type": "boolean", "enum": [True, False]}),
        (Literal[1, True], {"enum": [1, True]}), (Literal[None], {"type": "null"}),  # noqa: PYI061
        (Literal["a", None], {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),  # noqa: PYI061
        (Literal[tuple(np.array([0.5, 1.0]))], {"type": "number", "enum": [0.5, 1.0]}),
        (Literal[tuple(np.array(["a", "b", "a"]))], {"type": "string", "enum": ["a", "b"]}),
        (Plain, {"enum": [1, "b"]}), (typing_extensions.ReadOnly[int], INTEGER),
    ],
)  # fmt: skip
def test_a_hint_becomes_a_schema(hint: Any, expected: Schema) -> None:
    assert schema_of(hint) == expected


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (complex, "complex"), (bytes, "bytes"), (set[int], "set"), (datetime.timedelta, "timedelta"),
        (datetime.time, "time"), (Point, "Point"), (TypeVar("T"), "~T"), (typing.Callable[[], int], "Callable"),
        (np.datetime64, "datetime64"), (list[complex], "complex"), (complex | None, "complex"),
        (dict[str, bytes], "bytes"), (Annotated[bytes, "words"], "bytes"),
    ],
)  # fmt: skip
def test_a_hint_that_json_cannot_say_is_named(hint: Any, shown: str) -> None:
    assert message_of(hint).startswith(f"Row['p']: {shown} has no JSON counterpart: use int, float")


@pytest.mark.parametrize(
    ("hint", "message"),
    [
        (dict[int, str], "Row['p']: dict[int, …]: names in JSON are strings: use dict[str, …]"),
        (tuple[int, str], "Row['p']: a tuple of several types: use a TypedDict, or a list"),
        (Literal[b"a"], "Row['p']: b'a' is no choice: use a text, a number, True, False or None"),
        (Literal[float("nan")], "Row['p']: nan is no choice"),
        (Literal[()], "Row['p']: a Literal or Enum without choices: give one at least"),
        (Objects, "Row['p']: <object object"),
        (Node, "Row['p']['child']: Node contains itself: write dict there"),
        (Annotated[int, {"default": "a"}], "Row['p']: its default: 'a' is not of type 'integer': give another"),
        (Annotated[int | None, {"minimum": 3, "default": 2}],
         "Row['p']: its default: 2 is less than the minimum of 3: give another"),
        (Annotated[int, {"default": object()}], "Row['p']: default cannot be sent as JSON: "),
        (Annotated[int, {"example": 1.5}], "Row['p']: its example: 1.5 is not of type 'integer': give another"),
        ("Missing", "Row: NameError: name 'Missing' is not defined: fix the annotations"),
    ],
)  # fmt: skip
def test_a_hint_that_is_wrong_is_one_line(hint: Any, message: str) -> None:
    assert message_of(hint).startswith(message)
    assert "\n" not in message_of(hint)


def test_each_parameter_has_a_line() -> None:
    row = typed_dict({"a": complex, "b": int, "c": list[typed_dict({"d": bytes, "e": set})]})  # type: ignore[misc]
    with pytest.raises(ModelError) as error:
        schema_of_typed_dict(row)
    lines = str(error.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "Row['a']",
        "Row['c']['d']",
        "Row['c']['e']",
    ]


class Base(TypedDict):
    """The base's."""

    a: int
    b: NotRequired[int]


class Row(Base, total=False):
    c: int
    d: Required[int]
    e: "NotRequired[int]"
    f: Annotated[Required[int], "words"]
    g: Required[Annotated[int, {"default": 1}]]


def test_what_is_not_required_may_be_left_out() -> None:
    schema = schema_of_typed_dict(Row)
    assert list(schema["properties"]) == ["a", "b", "c", "d", "e", "f", "g"]
    assert schema["required"] == ["a", "d", "f"]
    assert "required" not in schema_of_typed_dict(typed_dict({"p": NotRequired[int]}))


def test_a_typed_dict_is_described_by_its_own_docstring() -> None:
    assert schema_of_typed_dict(Base)["description"] == "The base's."
    assert "description" not in schema_of_typed_dict(Row)


def test_a_decimal_an_enum_and_a_date_as_defaults_are_sent_as_json() -> None:
    hint = Annotated[datetime.date, {"default": datetime.date(2024, 1, 31)}]
    assert schema_of(hint)["default"] == "2024-01-31"


def test_of_a_union_the_type_of_the_value_says_what_is_wrong() -> None:
    validate = Validator(schema_of(int | list[str] | None)).validate
    assert validate("a").errors == {"": "'a' is not of type 'integer', 'array', 'null'"}
    assert validate(["a", 1]).errors == {"1": "1 is not of type 'string'"}
