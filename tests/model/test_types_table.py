"""The section on types in the model's README: its table is evaluated, its example is served."""

import json
import re
import textwrap
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import annotated_types
import msgspec
import numpy as np
import pydantic
import pytest

from app.predictor.hints import schema_of_typed_dict
from tests.helpers import PREDICT, make_client
from tests.predictor.typed_dicts import typed_dict

README = Path(__file__).parents[2] / "model" / "README.md"
SECTION = README.read_text().partition("\n## Types\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (`.+) \| `(.+)` \| .+ \|$", SECTION, re.MULTILINE)
EXAMPLES = [
    (hint.replace(r"\|", "|"), schema)
    for hints, schema in ROWS
    for hint in re.findall(r"`([^`]+)`", hints)
    if hint not in ("TypedDict", "Enum")
]


class Point(TypedDict):
    x: float


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


NAMES = {
    "Annotated": Annotated, "Any": Any, "Literal": Literal, "date": date, "datetime": datetime,
    "Decimal": Decimal, "np": np, "sizes": [10, np.int64(20)], "Point": Point, "Color": Color,
    "Interval": annotated_types.Interval, "Unit": annotated_types.Unit, "Field": pydantic.Field,
    "Meta": msgspec.Meta,
}  # fmt: skip


def test_every_row_of_the_table_is_read() -> None:
    assert len(ROWS) == SECTION.count("\n| ") - 2


@pytest.mark.parametrize(("hint", "schema"), EXAMPLES)
def test_a_hint_becomes_what_the_table_says(hint: str, schema: str) -> None:
    row = typed_dict({"p": eval(hint, NAMES)})
    assert schema_of_typed_dict(row)["properties"]["p"] == json.loads(schema)


def test_the_example_does_what_the_section_says(tmp_path: Path) -> None:
    block = re.search(
        r"(?:^(?:    .*)?\n)+", SECTION.partition("`TypedDict`:\n\n")[2], re.MULTILINE
    )
    assert block is not None
    client = make_client(tmp_path, textwrap.dedent(block[0]))
    answer = client.post(PREDICT, json={"weather": "rain", "docks": 3}).json
    assert answer == {"docks": 3, "weather": "rain", "wind": 0.0}
    errors = client.post(PREDICT, json={"weather": "purple", "docks": -1, "wind": "a"}).json
    assert errors == {
        "errors": {
            "docks": "-1 is less than the minimum of 0",
            "weather": "'purple' is not one of ['clear', 'cloudy', 'rain', 'snow']",
            "wind": "'a' is not of type 'number', 'null'",
        },
        "message": "Input payload validation failed",
    }
