"""Azure Machine Learning's HTTP server: an entry script with init() and run()."""

import json
import os
from typing import Any

import joblib
import numpy as np

model: Any = None


def init() -> None:
    global model
    model = joblib.load(os.environ["BENCH_MODEL"])


def run(raw_data: str) -> list[float]:
    rows = np.array(json.loads(raw_data)["data"])
    return model.predict_proba(rows)[:, 1].tolist()
