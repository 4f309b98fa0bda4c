import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import PredictionError
from app.predictor.loaded_model import LoadedModel, to_json
from app.predictor.module import load_module, read_sample
from app.predictor.parameters import Parameters
from tests.helpers import write_module


def load(folder: Path, source: str) -> LoadedModel:
    file = write_module(folder, source, "fraud")
    module = load_module(file)
    return LoadedModel(file, module, Parameters(read_sample(file, module)), supports_batching=True)


def test_a_row_is_predicted_by_run(tmp_path: Path) -> None:
    model = load(tmp_path, "def run(row): return {'y': row['x'] * 2}\n")
    assert model.predict({"x": 1}) == {"y": 2}
    assert model.predict_json({"x": 1}) == b'{"y":2}'


@pytest.mark.parametrize("name", ["ValueError", "KeyboardInterrupt", "SystemExit", "MemoryError"])
def test_what_run_raises_is_a_prediction_error_with_its_place(tmp_path: Path, name: str) -> None:
    model = load(tmp_path, f"def run(row):\n    raise {name}(row['text'])\n")
    with pytest.raises(PredictionError) as error:
        model.predict({"text": "secret"})
    assert str(error.value) == f"run() failed at fraud.py, line 2: {name}: secret"
    assert error.value.reason == f"run() failed at fraud.py, line 2: {name}"
    assert type(error.value.__cause__).__name__ == name


NO_JSON = {
    "object()": "TypeError: ",
    "[object()]": "TypeError: ",
    "b'bytes'": "TypeError: ",
    "'\\ud800'": "TypeError: ",
    "10**400": "OverflowError: int too large to convert to float",
    "CIRCULAR": "TypeError: a value is nested too deeply, or contains itself",
    "Listless(ValueError('no list'))": "ValueError: no list",
    "Listless(SystemExit())": "SystemExit",
    "Listless(Textless())": "Textless",
    "[Listless(KeyError(1))]": "KeyError: 1",
}
CLASSES = """
class Textless(Exception):
    def __str__(self):
        return self.absent

class Listless:
    def __init__(self, error):
        self.error = error

    def tolist(self):
        raise self.error

CIRCULAR = []
CIRCULAR.append(CIRCULAR)
"""


@pytest.mark.parametrize(("expression", "text"), NO_JSON.items())
def test_a_result_without_json_is_a_prediction_error_whatever_its_own_code_raises(
    tmp_path: Path, expression: str, text: str
) -> None:
    model = load(tmp_path, f"{CLASSES}\ndef run(row): return {expression}\n")
    with pytest.raises(PredictionError) as error:
        model.predict_json({})
    name = text.partition(":")[0]
    assert str(error.value).startswith(f"run() returned no JSON value: {text}")
    assert error.value.reason == f"run() returned no JSON value: {name}"
    assert type(error.value.__cause__).__name__ == name


def test_the_function_that_returned_a_result_is_named() -> None:
    with pytest.raises(PredictionError, match=r"^run_batch\(\) returned no JSON value: TypeError"):
        to_json(object(), "run_batch()")


def test_rows_are_predicted_together_by_run_batch_in_their_order(tmp_path: Path) -> None:
    model = load(
        tmp_path, "def run(row): ...\ndef run_batch(rows): return [r['x'] for r in rows]\n"
    )
    assert model.predict_batch([{"x": 1}, {"x": 2}]) == [1, 2]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('why')", "run_batch() failed at fraud.py, line 3: ValueError: why"),
        ("raise SystemExit", "run_batch() failed at fraud.py, line 3: SystemExit"),
        ("yield 1 / 0", "run_batch() failed at fraud.py, line 3: ZeroDivisionError: division by zero"),
        ("return {}", "run_batch() returned a dict: return a list with one prediction per row"),
        ("return [1]", "run_batch() returned 1 results for 2 rows: return a list with one prediction per row"),
        ("rows.pop(); return [1]", "run_batch() returned 1 results for 2 rows: return a list with one prediction per row"),
    ],
)  # fmt: skip
def test_a_failed_batch_is_a_prediction_error_with_a_cause(
    tmp_path: Path, body: str, message: str
) -> None:
    model = load(tmp_path, f"def run(row): ...\ndef run_batch(rows):\n    {body}\n")
    with pytest.raises(PredictionError) as error:
        model.predict_batch([{}, {}])
    assert str(error.value) == message
    assert error.value.__cause__ is not None


def test_run_batch_may_change_its_list_of_rows(tmp_path: Path) -> None:
    source = "def run(row): ...\ndef run_batch(rows):\n    while rows: yield rows.pop(0)['x']\n"
    rows: list[dict[str, Any]] = [{"x": 1}, {"x": 2}]
    assert load(tmp_path, source).predict_batch(rows) == [1, 2]
    assert json.dumps(rows) == '[{"x": 1}, {"x": 2}]'


@pytest.mark.parametrize("version", ["1", "3.1 (a)", "v2+g1a2b3c", "~!" * 64])
def test_a_version_of_printable_ascii_can_be_a_header(tmp_path: Path, version: str) -> None:
    model = load(tmp_path, f"__version__ = {version!r}\ndef run(row): return 1\n")
    assert model.version_header == version


@pytest.mark.parametrize(
    "version",
    ["", " ", "1 ", " 1", "1\n", "1\r\nX: y", "1\tb", "1\0", "\x7f", "größe", "\ud800é", "x" * 129],
)
def test_other_versions_cannot(tmp_path: Path, version: str) -> None:
    model = load(tmp_path, f"__version__ = {version!r}\ndef run(row): return 1\n")
    assert model.version_header is None
