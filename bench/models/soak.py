"""The model of the soak: a regression that is sometimes slow, and sometimes raises."""

import time
from typing import Any

import numpy as np
from flask import abort
from sklearn.linear_model import LinearRegression

_SLOW_SECONDS = 0.3
_LONG = "x" * 2000

model: Any = None


def sample() -> dict[str, Any]:
    """Return an example of every parameter."""
    return {"x": 1.5, "how": "ok"}


def init() -> None:
    """Fit 2x + 1."""
    global model
    model = LinearRegression().fit([[0.0], [1.0]], [1.0, 3.0])


def run(input_data: dict[str, Any]) -> dict[str, Any]:
    """Predict for one row, in the way that it says."""
    if input_data["how"] == "refuse":
        abort(422, "x is refused")
    return run_batch([input_data])[0]


def run_batch(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Predict for many rows at once, unless one of them is to fail."""
    ways = {row["how"] for row in rows}
    if ways & {"raise", "refuse"}:
        raise ValueError("a row is to fail")
    if "slow" in ways:
        time.sleep(_SLOW_SECONDS)
    values = model.predict(np.array([[row["x"]] for row in rows])).round(6).tolist()
    return [
        {"y": value, "text": _LONG if row["how"] == "long" else ""}
        for value, row in zip(values, rows, strict=True)
    ]
