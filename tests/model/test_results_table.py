"""The table of results in the model's README, evaluated."""

import json
import re
from collections import deque
from dataclasses import make_dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import msgspec
import numpy as np
import pandas as pd
import polars
import pydantic
import pytest
from scipy.sparse import csr_matrix

from app.codec import encode

README = Path(__file__).parents[2] / "model" / "README.md"
NAMES = {
    "np": np, "pd": pd, "polars": polars, "csr_matrix": csr_matrix, "deque": deque, "Decimal": Decimal,
    "Fraction": Fraction, "date": date, "datetime": datetime, "timedelta": timedelta,
}  # fmt: skip
POINTS: Any = [
    NamedTuple("Point", [("x", int), ("y", int)]),
    make_dataclass("Point", ["x", "y"]),
    attrs.make_class("Point", ["x", "y"]),
    msgspec.defstruct("Point", ["x", "y"]),
    pydantic.create_model("Point", x=int, y=int),
]
SECTION = README.read_text().partition("\n## Results\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (`.+) \| `(.+)` \|$", SECTION, re.MULTILINE)
EXAMPLES = [
    (expression, json_text, point)
    for expressions, json_text in ROWS
    for expression in re.findall("`(.+?)`", expressions)
    for point in (POINTS if "Point" in expression else [None])
]


def test_every_row_of_the_table_is_read() -> None:
    assert len(ROWS) == SECTION.count("\n| ") - 2


@pytest.mark.parametrize(("expression", "json_text", "point"), EXAMPLES)
def test_a_client_gets_what_the_table_says(expression: str, json_text: str, point: Any) -> None:
    result = eval(expression, {**NAMES, "Point": point})
    assert json.loads(encode(result)) == json.loads(json_text)
