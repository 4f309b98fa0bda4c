from pathlib import Path
from typing import Any

import pytest

from app.predictor.answer import answer_of, learned_schema
from app.predictor.dialect import Schema
from tests.helpers import make_app

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
NULL: Schema = {"type": "null"}


@pytest.mark.parametrize(
    ("values", "schema"),
    [
        ([], {}), ([None], {}), (["a", "b"], STRING), ([True], {"type": "boolean"}), ([1], {"type": "integer"}),
        ([1, 1.5], NUMBER), ([1, True], {}), (["a", 1], {}), ([1.5, None], {"anyOf": [NUMBER, NULL]}), ([{}], {"type": "object"}),
        ([[]], {"type": "array", "items": {}}), ([["a"], []], {"type": "array", "items": STRING}),
        ([["a"], [1]], {"type": "array", "items": {}}), ([{"a": 1}, [1]], {}),
        ([{"a": "x", "b": 1.5}, {"a": "y"}],
         {"type": "object", "properties": {"a": STRING, "b": NUMBER}, "required": ["a"]}),
        ([{"a": {"b": "x"}}, {"a": {"b": 1}}], {"type": "object", "required": ["a"], "properties": {
            "a": {"type": "object", "properties": {"b": {}}, "required": ["b"]}}}),
    ],
)  # fmt: skip
def test_a_schema_is_learned_from_answers(values: list[Any], schema: Schema) -> None:
    assert learned_schema(values) == schema


def test_a_deep_answer_is_described_to_some_depth() -> None:
    value: Any = "a"
    for _ in range(250):
        value = {"a": value}
    assert str(learned_schema([value])).count("properties") == 20


def test_names_that_are_data_are_not_described() -> None:
    assert learned_schema([dict.fromkeys(map(str, range(1001)), 1)]) == {"type": "object"}


def test_a_long_answer_is_not_shown() -> None:
    assert answer_of(["x" * 9_998], None).examples == ["x" * 9_998]
    assert answer_of(["x" * 9_999], None).examples == []


CASES = '{"cases": [{"input": {"x": 1}, "output": {"y": 2, "why": "odd"}}]}'
SOURCE = """
    from typing import Literal, NotRequired, TypedDict

    class Answer(TypedDict):
        y: int
        why: NotRequired[Literal["odd", "even"]]

    def sample(): return {"x": 2}

    def run(row) RETURNS:
        return {"y": row["x"] + 1, "why": "odd"} if row["x"] == 1 else {"y": row["x"] + 1}
"""
LEARNED = {
    "type": "object",
    "properties": {"y": {"type": "integer"}, "why": STRING},
    "required": ["y"],
}


def test_the_answer_is_learned_from_the_sample_and_the_golden_cases(tmp_path: Path) -> None:
    (tmp_path / "ml_trained_model.cases.json").write_text(CASES)
    answer = make_app(tmp_path, SOURCE.replace(" RETURNS", "")).predictor.answer
    assert answer.schema == LEARNED
    assert answer.examples == [{"y": 3}]


def test_the_answer_is_declared_by_the_return_annotation(tmp_path: Path) -> None:
    answer = make_app(tmp_path, SOURCE.replace("RETURNS", "-> Answer")).predictor.answer
    assert answer.schema["properties"]["why"] == {**STRING, "enum": ["odd", "even"]}
    assert answer.examples == [{"y": 3}]


@pytest.mark.parametrize("self_test", ["off", "warn"])
def test_a_declared_answer_is_known_without_the_self_test(tmp_path: Path, self_test: str) -> None:
    source = SOURCE.replace("RETURNS", "-> Answer").replace('row["x"] + 1', '"a"')
    answer = make_app(tmp_path, source, SELF_TEST=self_test).predictor.answer
    assert answer.schema["required"] == ["y"]
    assert answer.examples == []


def test_an_answer_that_does_not_fit_its_declaration_is_a_failed_load(tmp_path: Path) -> None:
    (tmp_path / "ml_trained_model.cases.json").write_text(CASES.replace("odd", "new"))
    source = SOURCE.replace("RETURNS", "-> Answer").replace('"why": "odd"', '"why": "new"')
    predictor = make_app(tmp_path, source, FLASK_DEBUG=True).predictor
    assert predictor.status.reason == (
        "Self-test with golden case 1 of ml_trained_model.cases.json: the answer at 'why': "
        "'new' is not one of ['odd', 'even']; fix run() or its return annotation"
    )
