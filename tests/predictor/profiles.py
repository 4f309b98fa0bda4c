"""A model with a profile, and what is counted by it."""

import json
from pathlib import Path
from typing import Any

from tests.helpers import parse_metrics, write_module

# run() changes the row, as a model may.
MODEL = """
    import flask

    def sample():
        return {"x": 1.5, "kind": "a"}

    def run(row):
        x = row.pop("x")
        if x == 500:
            raise ValueError(x)
        if x == 422:
            flask.abort(422, "no")
        row["kind"] = "changed"
        return {"y": 2 * x}
"""
BATCHES = """
    def run_batch(rows):
        return [run(row) for row in rows]
"""
PROFILE = {
    "input": {
        "x": {"edges": [0, 1, 2], "shares": [0.5, 0.5]},
        "kind": {"categories": {"a": 0.75}, "unknown": 0.25},
    },
    "answer": {"y": {"edges": [0, 2, 4], "shares": [0.5, 0.5]}},
}
ROWS = [{"x": x, "kind": kind} for x, kind in [(0.5, "a"), (1.5, "b"), (-1, "a"), (9, "null")]]
EXPECTED = {
    ("input", "x", "1"): 1, ("input", "x", "2"): 1, ("input", "x", "below"): 1, ("input", "x", "above"): 1,
    ("input", "kind", "a"): 2, ("input", "kind", "unknown"): 2,
    ("answer", "y", "1"): 1, ("answer", "y", "2"): 1, ("answer", "y", "below"): 1, ("answer", "y", "above"): 1,
}  # fmt: skip


def write(folder: Path, source: str = MODEL + BATCHES, profile: Any = None) -> None:
    write_module(folder, source)
    (folder / "ml_trained_model.profile.json").write_text(json.dumps(profile or PROFILE))


def by_bin(text: str, name: str = "ml_rest_api_profile_values_total") -> dict[Any, float]:
    """Return the values of a metric by source, name and bin."""
    found = {}
    for (metric, *labels), value in parse_metrics(text).items():
        if metric == name:
            values = dict(label.split("=", 1) for label in labels)
            found[values["source"], values["name"], values["bin"]] = value
    return found
