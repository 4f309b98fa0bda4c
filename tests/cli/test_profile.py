"""`python -m app profile`: writes how the training data are distributed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli.distribution import distribution_of
from app.config.settings import Settings
from app.factory import create_app
from tests.bare.trained import IRIS, iris_forest, save
from tests.helpers import ROOT, write_module
from tests.predictor.profiles import by_bin

MODEL = """
    def sample():
        return {"x": 1.5, "kind": "a", "day": "2024-01-01", "note": "text", "parts": [1.5]}

    def run(row):
        return {"y": 2 * row.pop("x"), "flag": row["kind"] == "a"}
"""
ROWS = [
    {"x": x, "kind": "ab"[x % 2], "day": "2024-01-01", "note": f"note {x}", "parts": [1.0]}
    for x in range(20)
]


def profile(model: Path, rows: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "profile", str(model), str(rows)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def write_rows(folder: Path, rows: list[Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    return path


@pytest.mark.parametrize(
    "batch", ["", "    def run_batch(rows): return [run(row) for row in rows]"]
)
def test_profile_describes_rows_and_the_models_answers(tmp_path: Path, batch: str) -> None:
    module = write_module(tmp_path, MODEL + batch, "fraud")
    (tmp_path / "fraud.profile.json").write_text("broken")  # is replaced
    done = profile(module, write_rows(tmp_path, ROWS))
    assert (done.returncode, done.stdout) == (
        0,
        f"{tmp_path}/fraud.profile.json describes 20 rows\n",
    )
    assert done.stderr.splitlines() == [
        f"Not in the profile: the parameter {name!r}" for name in ("day", "note", "parts")
    ]
    content = json.loads((tmp_path / "fraud.profile.json").read_text())
    edges = [0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]
    shares = [0.05, *[0.1] * 8, 0.15]
    assert content == {
        "input": {
            "x": {"edges": edges, "shares": shares, "null": 0},
            "kind": {"categories": {"a": 0.5, "b": 0.5}, "unknown": 0, "null": 0},
        },
        "answer": {
            "y": {"edges": [2 * edge for edge in edges], "shares": shares, "null": 0},
            "flag": {"categories": {"true": 0.5, "false": 0.5}, "unknown": 0, "null": 0},
        },
    }


def test_model_file_has_a_profile_too(tmp_path: Path) -> None:
    file = save(tmp_path / "model", iris_forest())
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps(IRIS.to_dict("records")))
    done = profile(file, rows)
    assert done.returncode == 0, done.stderr
    assert "describes 150 rows" in done.stdout
    client = create_app(Settings(MODEL_DIR=str(file.parent), MULTITHREADED_INIT=False))
    client.predictor.start()
    metrics = client.test_client().get("/metrics").text
    shares = by_bin(metrics, "ml_rest_api_profile_expected_ratio")
    assert {name for source, name, _ in shares if source == "input"} == set(IRIS)
    answers = {name: share for (_, name, label), share in shares.items() if label == "setosa"}
    assert answers == {"prediction": pytest.approx(1 / 3, abs=1e-3)}


def test_training_script_writes_the_same(tmp_path: Path) -> None:
    for name in ("train.py", "ml_trained_model.py"):
        (tmp_path / name).write_text((ROOT / "model" / name).read_text())
    subprocess.run([sys.executable, tmp_path / "train.py", "--rows", "1000"], check=True)
    written = json.loads((tmp_path / "ml_trained_model.profile.json").read_text())
    code = "import json, train; print(json.dumps(train.make_data(1000, train.SEED)[0]))"
    rows = tmp_path / "rows.json"
    with rows.open("w") as stream:
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, stdout=stream, check=True)
    assert profile(tmp_path / "ml_trained_model.py", rows).returncode == 0
    again = json.loads((tmp_path / "ml_trained_model.profile.json").read_text())
    assert written["input"].keys() == again["input"].keys()
    for source, names in written.items():
        for name, entry in names.items():
            assert {"null": 0, "unknown": 0} | again[source][name] == (
                {"null": 0, "unknown": 0} | entry
            )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"x": 1}\n{"x"', "rows.jsonl is no JSON: line 2: "),
        ("", "rows.jsonl has no rows: write one JSON object a line"),
        ('[{"x": 1}, {"x": "a"}]', "does not fit the model's parameters: x: 'a' is not of type"),
        ('{"x": 400}', "run() failed at ml_trained_model.py, line 7: ValueError: too large"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, content: str, message: str) -> None:
    source = """
        def sample():
            return {"x": 1}

        def run(row):
            if row["x"] == 400:
                raise ValueError("too large")
    """
    module = write_module(tmp_path, source)
    rows = tmp_path / "rows.jsonl"
    rows.write_text(content)
    done = profile(module, rows)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "ml_trained_model.profile.json").exists()


@pytest.mark.parametrize(
    ("values", "entry"),
    [
        ([1.5, None, 2.5, 3.5], {"edges": [1.5, 2.5, 3.5], "shares": [0.25, 0.5], "null": 0.25}),
        ([0.5, 0.5], {"edges": [0.5], "shares": [1], "null": 0}),
        ([0, 1, 1.0, 0], {"categories": {"0": 0.5, "1": 0.5}, "unknown": 0, "null": 0}),
        (["a", "a", "b", None], {"categories": {"a": 0.5}, "unknown": 0.25, "null": 0.25}),
        (["a", "x" * 101] * 2, {"categories": {"a": 0.5}, "unknown": 0.5, "null": 0}),
        (["a", 1, [1], "a"], {"categories": {"a": 0.5}, "unknown": 0.5, "null": 0}),
        ([None, None], None),
        ([[1], {}], None),
        (["2024-01-01", "2024-01-01"], None),
        (["2024-01-01T00:00:00Z", "2024-01-01"], None),
        ([f"person{number}@example.com" for number in range(25)], None),
    ],
)
def test_values_are_described_by_their_kind(values: list[Any], entry: Any) -> None:
    assert distribution_of(values) == entry


def test_most_frequent_categories_are_known() -> None:
    values = [f"c{number}" for number in range(20) for _ in range(40 - number)]
    entry = distribution_of(values)
    assert entry
    assert list(entry["categories"]) == [f"c{number}" for number in range(12)]
    assert sum(entry["categories"].values()) + entry["unknown"] == pytest.approx(1)
