import json
import logging
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings
from app.errors import ModelError
from app.predictor.loader import Loader
from tests.helpers import write_module

DOUBLE = """
    def sample():
        return {"x": 1}

    def run(input_data):
        return {"y": input_data["x"] * 2}
"""


def check(folder: Path, source: str, cases: Any = None, **settings: Any) -> None:
    """Import a model, initialise it, and run its self-test."""
    write_module(folder, source)
    if cases is not None:
        (folder / "ml_trained_model.cases.json").write_text(json.dumps(cases))
    loader = Loader(Settings(MODEL_DIR=str(folder), **settings))
    model = loader.import_module()
    loader.init(model)
    loader.check(model)


def failure(folder: Path, source: str, cases: Any = None, **settings: Any) -> ModelError:
    """Return why a self-test fails."""
    with pytest.raises(ModelError) as error:
        check(folder, source, cases, **settings)
    return error.value


def golden(*rows: tuple[float, Any], **more: Any) -> dict[str, Any]:
    return {"cases": [{"input": {"x": x}, "output": output} for x, output in rows], **more}


def test_a_model_that_predicts_its_sample_passes(tmp_path: Path) -> None:
    check(tmp_path, DOUBLE)


def test_the_model_predicts_its_sample_once_initialised(tmp_path: Path) -> None:
    check(
        tmp_path,
        """
        calls = []
        def sample(): return {"x": 1}
        def init(): calls.append("init")
        def run(row):
            calls.append(row)
            (__import__("pathlib").Path(__file__).parent / "calls").write_text(repr(calls))
        """,
    )
    assert (tmp_path / "calls").read_text() == "['init', {'x': 1}]"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('secret')", "run() failed at ml_trained_model.py, line 2: ValueError: secret"),
        ("return object()", "run() returned no JSON value: TypeError: a object has no JSON counterpart: return a dict, a list, a str or a number"),
        ("return 10**400", "run() returned no JSON value: OverflowError: int too large to convert to float"),
        ("raise SystemExit", "run() failed at ml_trained_model.py, line 2: SystemExit"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_predict_its_sample_fails_and_the_reason_has_no_text(
    tmp_path: Path, body: str, message: str
) -> None:
    error = failure(tmp_path, f"def sample(): return {{'x': 1}}\ndef run(_): {body}\n")
    assert str(error) == f"Self-test with sample(): {message}"
    assert str(error).startswith(error.reason)
    assert error.reason.endswith(("Error", "SystemExit"))
    assert "secret" not in error.reason
    assert type(error.__cause__).__name__ in error.reason


@pytest.mark.parametrize("cases", [None, golden((1, None))])
def test_a_row_that_run_refuses_is_a_failed_load_of_one_line(tmp_path: Path, cases: Any) -> None:
    sample = "{}" if cases else "{'x': 1}"
    source = "def run(_): __import__('flask').abort(422, 'no\\nsecret')\n"
    error = failure(tmp_path, f"{source}def sample(): return {sample}\n", cases)
    name = "golden case 1 of ml_trained_model.cases.json" if cases else "sample()"
    what = "run() refused a row at ml_trained_model.py, line 1: 422 Unprocessable Entity"
    assert str(error) == f"Self-test with {name}: {what}: no"
    assert error.reason == f"Self-test with {name}: {what}"
    assert error.__cause__ is None, "the log would show its traceback"


@pytest.mark.parametrize(
    "answer",
    ["nested('[', ']')", "nested('{\"a\":', '}')", "{1: 0.2, '1': 0.8}", "2**70", "float('nan')", "-0.0"],
)  # fmt: skip
def test_an_answer_that_can_be_sent_passes_though_a_request_may_not_hold_it(
    tmp_path: Path, answer: str
) -> None:
    source = f"""
        import json
        def nested(start, end): return json.loads(start * 240 + "1" + end * 240)
        def sample(): return {{"x": 1}}
        def run(row): return {answer}
        def run_batch(rows): return [run(row) for row in rows]
    """
    check(tmp_path, source)


def test_a_row_that_the_model_changes_is_as_before_for_the_next_call(tmp_path: Path) -> None:
    source = """
        def sample(): return {"x": {"a": [1]}}
        def run(row): return row.pop("x").pop("a").pop()
        def run_batch(rows): return [run(row) for row in rows]
    """
    check(tmp_path, source, {"cases": [{"input": {"x": {"a": [2]}}, "output": 2}]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return [1]", "run_batch() returned 1 results for 2 rows: return a list with one prediction per row"),
        ("return {'y': [1, 2]}", "run_batch() returned a dict: return a list with one prediction per row"),
        ("return __import__('pandas').DataFrame(rows)", "run_batch() returned a DataFrame: return a list with one prediction per row"),
        ("raise ValueError('why')", "run_batch() failed at ml_trained_model.py, line 8: ValueError: why"),
        ("return [object(), 1]", "run_batch() returned no JSON value: TypeError: a object has no JSON counterpart: return a dict, a list, a str or a number"),
    ],
)  # fmt: skip
def test_a_broken_run_batch_fails_too(tmp_path: Path, body: str, message: str) -> None:
    error = failure(tmp_path, f"{DOUBLE}\n    def run_batch(rows): {body}\n")
    assert str(error) == f"Self-test with sample(): {message}"


BATCH = f"""{DOUBLE}
    def run_batch(rows):
        """


@pytest.mark.parametrize(
    "body",
    [
        "return [run(row) for row in rows]",
        "return (run(row) for row in rows)",
        "return [{'y': row['x'] * 2 + 1e-5} for row in rows]",  # as of 32-bit floats
    ],
)
def test_a_run_batch_that_predicts_the_same_as_run_passes(tmp_path: Path, body: str) -> None:
    check(tmp_path, BATCH + body, golden((3, {"y": 6}), (4, {"y": 8})))


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("return [row['x'] * 2 for row in rows]", "sample()"),
        ("return [{'y': row['x'] * 2 + 0.1} for row in rows]", "sample()"),
        ("return [run(row) for row in sorted(rows, key=lambda row: -row['x'])]", "sample()"),
        ("return [run(rows[0])] * len(rows)", "golden case 1 of ml_trained_model.cases.json"),
        ("return [{'y': min(row['x'] * 2, 7)} for row in rows]", "golden case 2 of ml_trained_model.cases.json"),
    ],
)  # fmt: skip
def test_a_run_batch_that_disagrees_with_run_fails_and_the_log_has_both_values(
    tmp_path: Path, body: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    error = failure(tmp_path, BATCH + body, golden((3, {"y": 6}), (4, {"y": 8})))
    assert str(error) == (
        f"Self-test: run() and run_batch() disagree on {name}; see the log for the difference"
    )
    assert f'Self-test: {name}: run() returned {{"y": ' in caplog.text
    assert "run_batch() returned " in caplog.text


def test_the_tolerance_of_golden_cases_is_that_of_batches(tmp_path: Path) -> None:
    source = BATCH + "return [{'y': row['x'] * 2 + 0.1} for row in rows]"
    source = source.replace('{"x": 1}', "{}")
    check(tmp_path, source, golden((3, {"y": 6}), tolerance=0.2))
    failure(tmp_path, source, golden((3, {"y": 6}), tolerance=0.01))


RANDOM = """
    import random
    def sample(): return {"x": 1}
    def run(_): return random.random()
    def run_batch(rows): return [random.random() for _ in range(count(rows))]
"""


def test_random_predictions_are_not_compared_but_counted(tmp_path: Path) -> None:
    check(tmp_path, f"{RANDOM}\n    count = len\n")
    assert "returned 3 results" in str(failure(tmp_path, f"{RANDOM}\n    def count(_): return 3\n"))


def test_a_run_batch_that_is_never_called_is_not_tested(tmp_path: Path) -> None:
    check(tmp_path, f"{DOUBLE}\n    def run_batch(rows): raise ValueError\n", MAX_BATCH_SIZE=1)


@pytest.mark.parametrize("policy", ["warn", "off"])
def test_with_the_test_off_or_warn_nothing_fails(
    tmp_path: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = "def sample(): return {'x': 1}\ndef run(_): raise ValueError('why')\n"
    check(tmp_path, source, SELF_TEST=policy)
    assert ("Self-test with sample()" in caplog.text) is (policy == "warn")


def test_without_a_sample_nothing_is_predicted(tmp_path: Path) -> None:
    check(tmp_path, "def run(_): raise ValueError\ndef run_batch(_): raise ValueError\n")


@pytest.mark.parametrize(
    "cases",
    [
        golden((1, {"y": 2}), (3, {"y": 6})),
        golden((3, {"y": 6.1}), tolerance=0.1),
        golden((3.0, {"y": 6})),
        golden(),
    ],
)
def test_a_model_that_matches_its_golden_cases_passes(tmp_path: Path, cases: Any) -> None:
    check(tmp_path, DOUBLE, cases)


def test_a_golden_case_that_does_not_match_is_named_and_the_log_has_both_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    error = failure(tmp_path, DOUBLE, golden((1, {"y": 2}), (3, {"y": "\ud800"})))
    name = "golden case 2 of ml_trained_model.cases.json"
    assert str(error) == f"Self-test: {name} does not match; see the log for the difference"
    assert f'{name}: expected {{"y": "\\ud800"}}, got {{"y": 6}}' in caplog.text
