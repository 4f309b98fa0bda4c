import json
import logging
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings
from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.helpers import write_module

DOUBLE = """
    def sample():
        return {"x": 1}

    def run(input_data):
        return {"y": input_data["x"] * 2}
"""


def load(folder: Path, source: str, cases: Any = None, **settings: str) -> Predictor:
    write_module(folder, source)
    if cases is not None:
        (folder / "ml_trained_model.cases.json").write_text(json.dumps(cases))
    predictor = Predictor(Settings(MODEL_DIR=str(folder), INIT_RETRIES=0, **settings))  # type: ignore[arg-type]
    predictor.load()
    return predictor


def case(x: float, y: Any, **more: Any) -> dict[str, Any]:
    return {
        "cases": [{"input": {"x": 1}, "output": {"y": 2}}, {"input": {"x": x}, "output": y}],
        **more,
    }


def test_a_model_that_predicts_its_sample_is_ready(tmp_path: Path) -> None:
    assert load(tmp_path, DOUBLE).status.state is State.READY


def test_the_model_has_predicted_before_it_is_ready(tmp_path: Path) -> None:
    source = "count = 0\ndef sample(): return {'x': 1}\ndef run(_):\n    global count\n    count += 1\n    return count\n"
    with load(tmp_path, source).acquire() as model:
        assert model.predict({}) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('why')", "Self-test with sample(): run() failed: ValueError: why"),
        ("return object()", "Self-test with sample(): run() returned no JSON value: "),
        ("raise SystemExit", "Self-test with sample(): run() failed: SystemExit"),
    ],
)
def test_a_model_that_cannot_predict_its_sample_fails_with_the_reason(
    tmp_path: Path, body: str, reason: str
) -> None:
    source = f"def sample(): return {{'x': 1}}\ndef run(_): {body}\n"
    status = load(tmp_path, source).status
    assert status.state is State.FAILED
    assert status.reason.startswith(reason)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return [1]", "Self-test: run_batch() returned 1 results for 2 rows"),
        ("raise ValueError('why')", "Self-test of run_batch() failed at ml_trained_model.py, line"),
    ],
)
def test_a_broken_run_batch_fails_too(tmp_path: Path, body: str, reason: str) -> None:
    status = load(tmp_path, f"{DOUBLE}\n    def run_batch(rows): {body}\n").status
    assert status.state is State.FAILED
    assert status.reason.startswith(reason)


def test_a_run_batch_that_is_never_called_is_not_tested(tmp_path: Path) -> None:
    source = f"{DOUBLE}\n    def run_batch(rows): raise ValueError\n"
    write_module(tmp_path, source)
    predictor = Predictor(Settings(MODEL_DIR=str(tmp_path), INIT_RETRIES=0, MAX_BATCH_SIZE=1))
    predictor.load()
    assert predictor.status.state is State.READY


@pytest.mark.parametrize("policy", ["warn", "off"])
def test_with_the_test_off_or_warn_the_model_is_ready(
    tmp_path: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = "def sample(): return {'x': 1}\ndef run(_): raise ValueError('why')\n"
    assert load(tmp_path, source, SELF_TEST=policy).status.state is State.READY
    assert ("Self-test with sample()" in caplog.text) is (policy == "warn")


def test_without_a_sample_nothing_is_predicted(tmp_path: Path) -> None:
    assert load(tmp_path, "def run(_): raise ValueError\n").status.state is State.READY


@pytest.mark.parametrize(
    "cases", [case(3, {"y": 6}), case(3, {"y": 6.1}, tolerance=0.1), case(3.0, {"y": 6})]
)
def test_a_model_that_matches_its_golden_cases_is_ready(tmp_path: Path, cases: Any) -> None:
    assert load(tmp_path, DOUBLE, cases).status.state is State.READY


def test_a_golden_case_that_does_not_match_is_named_and_the_log_has_both_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    status = load(tmp_path, DOUBLE, case(3, {"y": 7})).status
    assert status.state is State.FAILED
    assert "golden case 2 of ml_trained_model.cases.json" in status.reason
    assert (
        'golden case 2 of ml_trained_model.cases.json: expected {"y": 7}, got {"y": 6}'
        in caplog.text
    )
