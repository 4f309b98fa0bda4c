"""The predictions of the example model, trained on few rows."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

MODEL = Path(__file__).parents[2] / "model"


@pytest.fixture(scope="session")
def module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    folder = tmp_path_factory.mktemp("model")
    file = Path(shutil.copy(MODEL / "ml_trained_model.py", folder))
    train: list[str | Path] = [
        sys.executable,
        MODEL / "train.py",
        "--rows",
        "6000",
        "--out",
        folder,
    ]
    subprocess.run(train, check=True)
    spec = importlib.util.spec_from_file_location("example_model", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.init()
    return module


@pytest.fixture(scope="session")
def bikes(module: ModuleType) -> Callable[..., float]:
    """Predict for the sample, with some parameters changed."""

    def predict(**changes: object) -> float:
        prediction: dict[str, float] = module.run(module.sample() | changes)
        return prediction["bikes"]

    return predict


def test_sample_has_one_parameter_of_each_type(module: ModuleType) -> None:
    sample = module.sample()
    types = [type(value) for value in sample.values()]
    assert types == [int, float, bool, str, str, str]
    assert date.fromisoformat(sample["opened"])
    assert datetime.fromisoformat(sample["at"]).tzinfo


def test_sample_needs_neither_the_model_nor_scikit_learn() -> None:
    code = "import ml_trained_model as m, sys; m.sample(); assert 'sklearn' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=MODEL, check=True)


def test_prediction_for_the_sample_is_plausible_and_plain(module: ModuleType) -> None:
    prediction = module.run(module.sample())
    assert list(prediction) == ["bikes"]
    assert type(prediction["bikes"]) is float
    assert 15 < prediction["bikes"] < 30


def test_run_batch_returns_the_predictions_of_run(module: ModuleType) -> None:
    rows = [
        module.sample() | {"docks": docks, "at": f"2025-06-05T{hour:02}:00:00Z"}
        for docks, hour in [(50, 8), (10, 3), (30, 17), (12, 8), (40, 23)]
    ]
    predictions = module.run_batch(rows)
    assert predictions == [module.run(row) for row in rows]
    assert len({prediction["bikes"] for prediction in predictions}) == len(rows)


def test_rush_hour_needs_more_than_night(bikes: Callable[..., float]) -> None:
    assert bikes(at="2025-06-05T17:30:00Z") > 3 * bikes(at="2025-06-05T03:00:00Z")


@pytest.mark.parametrize("day_off", [{"holiday": True}, {"at": "2025-06-07T08:00:00Z"}])
def test_a_day_off_has_no_rush_hour(day_off: dict[str, Any], bikes: Callable[..., float]) -> None:
    thursday = {"at": "2025-06-05T08:00:00Z"}
    assert bikes(**thursday | day_off) < 0.7 * bikes(**thursday)


def test_worse_weather_means_fewer_bikes(bikes: Callable[..., float]) -> None:
    clear, rain, snow = (bikes(weather=weather) for weather in ("clear", "rain", "snow"))
    assert clear > rain > snow


def test_more_docks_warmth_and_years_mean_more_bikes(bikes: Callable[..., float]) -> None:
    assert bikes(docks=50) > bikes(docks=15)
    assert bikes(temperature=20.0) > bikes(temperature=-3.0)
    assert bikes(opened="2020-06-01") > bikes(opened="2025-06-01", at="2025-06-05T17:30:00Z")


def test_unknown_weather_is_predicted_as_some_weather(bikes: Callable[..., float]) -> None:
    assert 0 < bikes(weather="sandstorm") <= bikes(weather="clear")


@pytest.mark.parametrize(
    "at",
    [
        "2025-06-05t17:30:00z",
        "2025-06-05T17:30:00.123456789Z",
        "2025-06-05T17:30:00+00:00",
        "2025-06-06T00:30:00+07:00",
        "2025-06-05T08:00:00.5-09:30",
    ],
)
def test_equivalent_date_times_give_the_same_prediction(
    at: str, bikes: Callable[..., float]
) -> None:
    assert bikes(at=at) == bikes(at="2025-06-05T17:30:00Z")


def test_whole_numbers_and_floats_give_the_same_prediction(bikes: Callable[..., float]) -> None:
    assert bikes(temperature=21, docks=24.0) == bikes(temperature=21.0, docks=24)


@pytest.mark.parametrize(
    "extreme",
    [
        {"temperature": -1.7e308},
        {"temperature": 1.7e308},
        {"docks": -(2**63)},
        {"docks": 2**63 - 1},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-14:00"},
        {"opened": "0001-01-01"},
        {"opened": "9999-12-31"},
    ],
)
def test_any_valid_value_gives_a_finite_prediction_of_at_least_zero(
    extreme: dict[str, Any], bikes: Callable[..., float]
) -> None:
    assert 0 <= bikes(**extreme) < 1000


def test_features_are_a_table_with_one_line_per_row(module: ModuleType) -> None:
    table = module.features([module.sample()] * 3)
    assert table.shape == (3, 10)
    assert table.dtype == np.float64


def test_script_prints_sample_and_prediction(module: ModuleType) -> None:
    assert module.__file__ is not None
    script = [sys.executable, module.__file__]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert done.stdout == f"{module.sample()} -> {module.run(module.sample())}\n"


def test_script_without_a_model_prints_how_to_train_one(tmp_path: Path) -> None:
    script = shutil.copy(MODEL / "ml_trained_model.py", tmp_path)
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    missing = tmp_path / "ml_trained_model.joblib"
    assert done.stderr == f"{missing} is missing: run `python model/train.py` first\n"
