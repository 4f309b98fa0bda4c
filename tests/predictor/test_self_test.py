import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings
from app.predictor.predictor import Predictor, State
from app.predictor.self_test import approx_equal
from tests.helpers import ROOT, serving, write_module

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
    model = Predictor(Settings(MODEL_DIR=str(folder), INIT_RETRIES=0, **settings))  # type: ignore[arg-type]
    model.load()
    return model


def case(x: float, y: Any, **more: Any) -> dict[str, Any]:
    return {
        "cases": [{"input": {"x": 1}, "output": {"y": 2}}, {"input": {"x": x}, "output": y}],
        **more,
    }


def test_a_model_that_answers_its_sample_is_ready(tmp_path: Path) -> None:
    assert load(tmp_path, DOUBLE).status.state is State.READY


def test_the_model_has_predicted_before_it_is_ready(tmp_path: Path) -> None:
    source = "count = 0\ndef sample(): return {'x': 1}\ndef run(_):\n    global count\n    count += 1\n    return count\n"
    model = load(tmp_path, source)
    assert model.predict({}) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('why')", "Self-test with sample(): run() failed: ValueError: why"),
        ("return object()", "Self-test with sample(): run() returned no JSON value: "),
        ("raise SystemExit", "Self-test with sample(): run() failed: SystemExit"),
    ],
)
def test_a_model_that_cannot_answer_its_sample_is_not_ready_and_says_why(
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
def test_a_broken_run_batch_is_found_too(tmp_path: Path, body: str, reason: str) -> None:
    status = load(tmp_path, f"{DOUBLE}\n    def run_batch(rows): {body}\n").status
    assert status.state is State.FAILED
    assert status.reason.startswith(reason)


def test_a_run_batch_that_is_never_called_is_not_tried(tmp_path: Path) -> None:
    source = f"{DOUBLE}\n    def run_batch(rows): raise ValueError\n"
    write_module(tmp_path, source)
    model = Predictor(Settings(MODEL_DIR=str(tmp_path), INIT_RETRIES=0, MAX_BATCH_SIZE=1))
    model.load()
    assert model.status.state is State.READY


@pytest.mark.parametrize("policy", ["warn", "off"])
def test_with_the_test_off_or_to_warn_the_model_is_ready_all_the_same(
    tmp_path: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = "def sample(): return {'x': 1}\ndef run(_): raise ValueError('why')\n"
    assert load(tmp_path, source, SELF_TEST=policy).status.state is State.READY
    assert ("Self-test with sample()" in caplog.text) is (policy == "warn")


def test_without_a_sample_there_is_nothing_to_ask(tmp_path: Path) -> None:
    assert load(tmp_path, "def run(_): raise ValueError\n").status.state is State.READY


@pytest.mark.parametrize(
    "cases", [case(3, {"y": 6}), case(3, {"y": 6.1}, tolerance=0.1), case(3.0, {"y": 6})]
)
def test_golden_cases_that_agree_leave_the_model_ready(tmp_path: Path, cases: Any) -> None:
    assert load(tmp_path, DOUBLE, cases).status.state is State.READY


def test_a_golden_case_that_is_missed_is_named_and_the_log_has_both_answers(
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


@pytest.mark.parametrize(
    "cases", [[], {}, {"cases": 1}, {"cases": [{"input": {}}]}, {"cases": [1]}]
)
def test_a_file_without_golden_cases_is_refused_by_name(tmp_path: Path, cases: Any) -> None:
    reason = load(tmp_path, DOUBLE, cases).status.reason
    assert reason.startswith("ml_trained_model.cases.json has no golden cases: make it with")


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (1, 1.0000001, True), (1, 1.1, False), (1e9, 1e9 + 1, True), (0, 1e-9, True),
        ("a", "a", True), ("a", "b", False), (True, 1, False), (1, True, False), (True, True, True),
        (None, None, True), (None, 0, False), ([1], [1], True), ([1], [1, 2], False), ([1], {"0": 1}, False),
        ({"a": [1.0]}, {"a": [1.0]}, True), ({"a": 1}, {"b": 1}, False), ({"a": 1}, {"a": 1, "b": 2}, False),
    ],
)  # fmt: skip
def test_answers_agree_within_a_tolerance_for_numbers_and_exactly_else(
    expected: Any, got: Any, same: bool
) -> None:
    assert approx_equal(expected, got, 1e-6) is same


def record(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli.golden", url, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_recorded_cases_pass_on_the_same_model_and_fail_on_another(tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text('[{"x": 3}, {"x": 4}]')
    folder = tmp_path / "model"
    write_module(folder, DOUBLE)
    with serving(folder) as server:
        of_sample = record(server.url)
        of_rows = record(server.url, str(rows), "--tolerance", "0.1")
    assert json.loads(of_sample.stdout)["cases"] == [{"input": {"x": 1}, "output": {"y": 2}}]
    cases = json.loads(of_rows.stdout)
    assert cases == {
        "tolerance": 0.1,
        "cases": [{"input": {"x": 3}, "output": {"y": 6}}, {"input": {"x": 4}, "output": {"y": 8}}],
    }
    assert load(folder, DOUBLE, cases).status.state is State.READY
    assert load(folder, DOUBLE.replace("* 2", "* 3"), cases).status.state is State.FAILED


def test_recording_from_a_service_that_refuses_is_one_line(tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text('[{"x": "a"}]')
    write_module(tmp_path, DOUBLE)
    with serving(tmp_path) as server:
        recorded = record(server.url, str(rows))
    assert recorded.returncode == 1
    assert "answered 400" in recorded.stderr
    assert recorded.stderr.count("\n") == 1
    assert not recorded.stdout
