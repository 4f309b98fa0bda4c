"""The training script, run on few rows."""

import importlib.util
import json
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import joblib
import numpy as np
import pytest

MODEL = Path(__file__).parents[2] / "model"
ROWS = 4_000


@pytest.fixture(scope="module")
def train() -> Iterator[ModuleType]:
    """Import train.py and the module it imports; remove both from sys.modules at the end."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("ml_trained_model", "train"):
            spec = importlib.util.spec_from_file_location(name, MODEL / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, name, module)
            spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def trained(train: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train.train(folder, ROWS)
    return folder


@pytest.fixture(scope="module")
def record(trained: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((trained / "ml_trained_model.json").read_text())
    return record


def test_data_have_the_names_and_types_of_the_sample(train: ModuleType) -> None:
    sample = sys.modules["ml_trained_model"].sample()
    rows, bikes = train.make_data(50, seed=1)
    assert len(rows) == len(bikes) == 50
    for row in rows:
        assert {name: type(value) for name, value in row.items()} == {
            name: type(value) for name, value in sample.items()
        }


def test_data_are_the_same_for_the_same_seed_only(train: ModuleType) -> None:
    rows, bikes = train.make_data(50, seed=1)
    same_rows, same_bikes = train.make_data(50, seed=1)
    assert rows == same_rows
    assert np.array_equal(bikes, same_bikes)
    assert rows != train.make_data(50, seed=2)[0]


def test_training_twice_gives_the_same_predictions(
    train: ModuleType, trained: Path, tmp_path: Path
) -> None:
    train.train(tmp_path, ROWS)
    unseen = train.features(train.make_data(500, seed=1)[0])
    first, second = (
        joblib.load(folder / "ml_trained_model.joblib").predict(unseen)
        for folder in (trained, tmp_path)
    )
    assert np.array_equal(first, second)


def test_model_explains_most_of_the_variance_for_another_seed(
    train: ModuleType, trained: Path, record: dict[str, Any]
) -> None:
    rows, bikes = train.make_data(2_000, seed=1)
    model = joblib.load(trained / "ml_trained_model.joblib")
    score = model.score(train.features(rows), bikes)
    assert score > 0.8
    assert record["score"]["r2"] == pytest.approx(score, abs=0.05)


def test_record_lists_the_versions_and_the_data_of_the_training(record: dict[str, Any]) -> None:
    assert record["made_with"] == {
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "scikit-learn": version("scikit-learn"),
        "joblib": version("joblib"),
    }
    assert record["data"] == {"source": "synthetic", "rows": ROWS, "seed": 7}
    assert record["score"]["held_out_rows"] == ROWS / 4


def test_only_the_small_model_and_its_record_are_written(trained: Path) -> None:
    assert sorted(path.name for path in trained.iterdir()) == [
        "ml_trained_model.joblib",
        "ml_trained_model.json",
        "ml_trained_model.profile.json",
    ]
    assert (trained / "ml_trained_model.joblib").stat().st_size < 1_000_000


def test_script_trains_a_model_that_the_module_loads_in_any_folder(tmp_path: Path) -> None:
    # Copied, so that the model in the repository is neither required nor replaced.
    for name in ("train.py", "ml_trained_model.py"):
        (tmp_path / name).write_text((MODEL / name).read_text())
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", tmp_path / name, *options],
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name, *options in (("train.py", "--rows", "1000"), ("ml_trained_model.py",))
    ]
    assert "1000 rows of synthetic data, R2 0." in outputs[0]
    assert "{'bikes': " in outputs[1]
