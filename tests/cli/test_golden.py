import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.config.settings import Settings
from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.helpers import ROOT, serving, write_module

DOUBLE = """
    def sample():
        return {"x": 1}

    def run(input_data):
        return {"y": input_data["x"] * 2}
"""


def load(folder: Path, cases: Any, source: str = DOUBLE) -> Predictor:
    write_module(folder, source)
    (folder / "ml_trained_model.cases.json").write_text(json.dumps(cases))
    predictor = Predictor(Settings(MODEL_DIR=str(folder), INIT_RETRIES=0))
    predictor.load()
    return predictor


def record(url: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "golden", url, *options]
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
    assert load(folder, cases).status.state is State.READY
    assert load(folder, cases, DOUBLE.replace("* 2", "* 3")).status.state is State.FAILED


def test_recording_from_a_service_that_rejects_a_row_is_one_line(tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text('[{"x": "a"}]')
    write_module(tmp_path, DOUBLE)
    with serving(tmp_path) as server:
        recorded = record(server.url, str(rows))
    assert recorded.returncode == 1
    assert "answered 400" in recorded.stderr
    assert recorded.stderr.count("\n") == 1
    assert not recorded.stdout
