"""A forest of 100 trees, served as model/README.md recommends."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np

FEATURES = ("x1", "x2", "x3", "x4")

model: Any = None


def sample() -> dict[str, float]:
    """Return an example of every parameter."""
    return dict.fromkeys(FEATURES, 0.5)


def init() -> None:
    """Load the model."""
    global model
    model = joblib.load(Path(__file__).with_name("forest.joblib"))


def run(input_data: dict[str, float]) -> dict[str, float]:
    """Predict for one row."""
    return run_batch([input_data])[0]


def run_batch(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Predict for many rows at once."""
    table = np.array([[row[name] for name in FEATURES] for row in rows])
    return [{"probability": chance} for chance in model.predict_proba(table)[:, 1].tolist()]
