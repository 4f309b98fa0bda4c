"""`forest` as ONNX, served as model/README.md recommends."""

from typing import Any

import numpy as np
from cheap import FEATURES, sample
from cheap_compiled import load

__all__ = ["init", "load_per_process", "run", "run_batch", "sample"]

load_per_process = True  # sessions do not support fork

session: Any = None


def init() -> None:
    """Load the model."""
    global session
    session = load("compiled-forest")


def run(input_data: dict[str, float]) -> dict[str, float]:
    """Predict for one row."""
    return run_batch([input_data])[0]


def run_batch(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Predict for many rows at once."""
    table = np.array([[row[name] for name in FEATURES] for row in rows], np.float32)
    _, chances = session.run(None, {"X": table})
    return [{"probability": chance} for chance in chances[:, 1].tolist()]
