"""A forest of about 150 MB, for `bench/memory.py`."""

from pathlib import Path

import forest
import joblib
from forest import run, run_batch, sample

__all__ = ["init", "run", "run_batch", "sample"]


def init() -> None:
    """Load the model."""
    forest.model = joblib.load(Path(__file__).with_name("large.joblib"))
