"""`cheap` as ONNX, served as model/README.md recommends."""

from pathlib import Path
from typing import Any

import numpy as np
from cheap import FEATURES, sample
from onnxruntime import InferenceSession, SessionOptions

__all__ = ["init", "load_per_process", "run", "run_batch", "sample"]

load_per_process = True  # sessions do not support fork

session: Any = None


def load(name: str) -> InferenceSession:
    """Return a session that uses one thread."""
    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(Path(__file__).with_name(name), options)


def init() -> None:
    """Load the model."""
    global session
    session = load("compiled-cheap")


def run(input_data: dict[str, float]) -> dict[str, float]:
    """Predict for one row."""
    return run_batch([input_data])[0]


def run_batch(rows: list[dict[str, float]]) -> list[dict[str, float]]:
    """Predict for many rows at once."""
    table = np.array([[row[name] for name in FEATURES] for row in rows])
    _, chances = session.run(None, {"X": table})
    return [{"probability": chance} for chance in chances[:, 1].tolist()]
