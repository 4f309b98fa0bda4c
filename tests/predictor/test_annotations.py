"""The TypedDicts of a model module: which annotations count, and how they are evaluated."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.errors import ModelError
from app.predictor.annotations import answer_schema, parameters_schema
from app.predictor.module import load_module
from tests.helpers import PREDICT, make_client, write_module

ROW = """
    from typing import Annotated, Any, Generic, Literal, NotRequired, TypedDict, TypeVar

    class Row(TypedDict):
        x: Annotated[int, {"minimum": 1}]

    def sample(): return {"x": 1}
"""
OTHER = """
    class Other(TypedDict):
        x: float
"""
TYPED = {"type": "integer", "format": "int64", "minimum": 1}


def schemas(folder: Path, source: str) -> tuple[Any, Any]:
    """Return the schema of parameter `x` and that of the answer."""
    file = write_module(folder, source, "fraud")
    module = load_module(file)
    schema = parameters_schema(file, module)
    return schema and schema["properties"]["x"], answer_schema(module)


@pytest.mark.parametrize(
    "functions",
    [
        "def run(row: Row): return row",
        "def run(row: 'Row'): return row",
        "def run(row: Annotated[Row, 'words']): return row",
        "def run(row: Row, *more: int, **others: int): return row",
        "def run(row: Row) -> dict[str, float]: return row",
        "def run(row): return row\n    def run_batch(rows: list[Row]): return rows",
        "def run(row): return row\n    def run_batch(rows: 'list[Row]'): return rows",
        "def run(row: dict): return row\n    def run_batch(rows: list['Row']) -> list: return rows",
        "def run(row: Row): return row\n    def run_batch(rows: list[Row]): return rows",
        "def run(row: Row): return row\n    def run_batch(rows): return rows",
        "from functools import partial\n    def f(row: Row, scale): return row\n    run = partial(f, scale=1)",
        "import functools\n    def f(row: Row): return row\n    run = functools.cache(f)",
        "class Model:\n        def __call__(self, row: Row): return row\n    run = Model()",
        "class Model:\n        def run(self, row: Row): return row\n    run = Model().run",
    ],
)
@pytest.mark.parametrize("first", ["", "from __future__ import annotations\n"])
def test_the_types_are_those_of_the_typed_dict(tmp_path: Path, first: str, functions: str) -> None:
    source = f"{first}{ROW}\n    {functions}\n"
    if first:
        source = first + "\n".join(line[4:] for line in source[len(first) :].splitlines())
    assert schemas(tmp_path, source)[0] == TYPED


@pytest.mark.parametrize(
    "functions",
    [
        "def run(row): return row",
        "def run(row: dict): return row",
        "def run(row: dict[str, Any]): return row",
        "def run(row: Any): return row",
        "def run(*rows): return rows",
        "run = max",
        "def run(row: dict[str, Any]): return row\n    def run_batch(rows: list[dict[str, Any]]): return rows",
    ],
)
def test_without_a_typed_dict_the_types_are_those_of_the_sample(
    tmp_path: Path, functions: str
) -> None:
    assert schemas(tmp_path, f"{ROW}\n    {functions}\n") == (None, None)


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ("def run(row: 'Missing'): return row",
         "The annotation of run()'s parameter in fraud.py cannot be evaluated: NameError: name 'Missing' is not"),
        ("def run(row: Row): return row\n    def run_batch(rows: list[Other]): return rows",
         "run() and run_batch() in fraud.py are annotated with different TypedDicts: use one for both"),
        ("from dataclasses import dataclass\n    @dataclass\n    class D:\n        x: int\n    def run(row: D): return row",
         "run() in fraud.py is annotated with D, but a row is a dict: make it a TypedDict"),
        ("import msgspec\n    class S(msgspec.Struct):\n        x: int\n    def run(row: S): return row",
         "run() in fraud.py is annotated with S, but a row is a dict: make it a TypedDict"),
        ("from pydantic import BaseModel\n    class M(BaseModel):\n        x: int\n    def run(row: M): return row",
         "run() in fraud.py is annotated with M, but a row is a dict: make it a TypedDict"),
        ("T = TypeVar('T')\n    class G(TypedDict, Generic[T]):\n        x: T\n    def run(row: G[int]): return row",
         "G['x']: ~T has no JSON counterpart: "),
        ("class Bad(TypedDict):\n        x: complex\n    def run(row: Row) -> Bad: return row",
         "Bad['x']: complex has no JSON counterpart: "),
    ],
)  # fmt: skip
def test_an_annotation_that_cannot_be_used_is_one_line(
    tmp_path: Path, functions: str, message: str
) -> None:
    with pytest.raises(ModelError) as error:
        schemas(tmp_path, f"{ROW}{OTHER}\n    {functions}\n")
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_the_return_annotation_declares_the_answer(tmp_path: Path) -> None:
    _, answer = schemas(tmp_path, f"{ROW}{OTHER}\n    def run(row) -> Other: return row\n")
    assert answer == {
        "type": "object",
        "properties": {"x": {"type": "number"}},
        "required": ["x"],
    }


@pytest.mark.parametrize("annotation", ["list[Other]", "Other | None", "dict[str, Other]"])
def test_a_typed_dict_within_the_return_annotation_counts(tmp_path: Path, annotation: str) -> None:
    _, answer = schemas(tmp_path, f"{ROW}{OTHER}\n    def run(row) -> {annotation}: return row\n")
    assert "'properties': {'x': {'type': 'number'}}" in str(answer)


@pytest.mark.parametrize(
    "functions",
    [
        "def run(row: Row | None): return row",
        "def run(row: Row | dict): return row",
        "def run(row: list[Row]): return row",
        "def run(row): return row\n    def run_batch(rows: Row): return rows",
        "def run(row): return row\n    def run_batch(rows: dict[str, Row]): return rows",
    ],
)
def test_a_typed_dict_elsewhere_in_a_parameter_is_a_failed_load(
    tmp_path: Path, functions: str
) -> None:
    with pytest.raises(
        ModelError, match=r": write run\(row: Row\), and run_batch\(rows: list\[Row"
    ):
        schemas(tmp_path, f"{ROW}\n    {functions}\n")


def test_a_return_annotation_that_only_a_type_checker_knows_is_ignored(tmp_path: Path) -> None:
    source = f"{ROW}\n    def run(row: Row) -> 'pd.DataFrame': return row\n"
    assert schemas(tmp_path, source) == (TYPED, None)


EVERYTHING = """
    from __future__ import annotations
    import datetime
    from typing import Annotated, Literal, NotRequired, TypedDict

    class Item(TypedDict):
        name: Annotated[str, {"minLength": 2}]

    class Row(TypedDict):
        docks: Annotated[int, {"minimum": 0}]
        weather: Literal["clear", "rain"]
        wind: NotRequired[Annotated[float | None, {"default": 2}]]
        gusts: NotRequired[float]
        opened: datetime.date
        items: Annotated[list[Item], {"maxItems": 1}]
        rates: dict[str, float]

    def sample():
        return {"weather": "clear", "docks": 1, "opened": datetime.date(2024, 1, 31), "rates": {"a": 1}, "items": []}

    def run(row: Row):
        return {"names": list(row), "row": row}
"""


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return make_client(tmp_path, EVERYTHING)


def test_run_gets_the_order_of_the_sample_and_what_was_left_out(client: FlaskClient) -> None:
    row = {
        "id": 7,
        "rates": {"a": 3},
        "items": [{"name": "ab"}],
        "opened": "2024-01-31",
        "docks": 5.0,
        "weather": "rain",
    }
    answer = client.post(PREDICT, json=row).get_json()
    assert answer["names"] == [
        "weather",
        "docks",
        "opened",
        "rates",
        "items",
        "wind",
        "gusts",
        "id",
    ]
    assert answer["row"] == {**row, "wind": 2.0, "gusts": None}
    assert type(answer["row"]["docks"]) is int
    assert type(answer["row"]["wind"]) is type(answer["row"]["rates"]["a"]) is float


def test_a_body_that_breaks_every_rule_gets_one_400_that_names_all(client: FlaskClient) -> None:
    row = {"weather": "purple", "docks": -1, "wind": "calm", "gusts": None, "opened": "31.1.2024",
           "items": [{"name": "a"}, {}], "rates": {"a": True}}  # fmt: skip
    response = client.post(PREDICT, json=row)
    assert response.status_code == 400
    assert response.get_json()["errors"] == {
        "weather": "'purple' is not one of ['clear', 'rain']",
        "docks": "-1 is less than the minimum of 0",
        "wind": "'calm' is not of type 'number', 'null'",
        "gusts": "null is not of type 'number'",
        "opened": "'31.1.2024' is not a 'date'",
        "items": "[{'name': 'a'}, {}] is too long",
        "items.0.name": "'a' is too short",
        "items.1.name": "'name' is a required property",
        "rates.a": "true is not of type 'number'",
    }


def test_a_text_of_the_sample_is_kept_where_a_hint_says_its_type(tmp_path: Path) -> None:
    naive = "2021-10-26T12:00:00"
    source = f"""
        from typing import TypedDict

        class Row(TypedDict):
            a: str

        def sample(): return {{"a": "{naive}"}}
        def run(row: Row): return row
    """
    client = make_client(tmp_path, source)
    assert client.get("/api/model").get_json()["answer"]["examples"] == [{"a": naive}]
    client = make_client(tmp_path / "datetime", source.replace("a: str", "a: datetime").replace(
        "from typing", "from datetime import datetime\n        from typing"), FLASK_DEBUG=True)  # fmt: skip
    assert client.get("/api/readiness").get_json()["reason"] == (
        "sample() is not valid at 'a': '2021-10-26T12:00:00' is not a 'date-time': "
        "add Z or an offset, such as +02:00; give another example"
    )
