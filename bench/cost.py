"""Measure the cost of a prediction beyond the model's own call: `python -m bench.cost`.

The CPU time of the service's processes under load, kernel included, divided by the number of
predictions, less that of the model called in a loop: for one caller, with a row each call, and for
32 callers, whose rows come in batches. Last, the part of a valid body,
and that of counting by a profile: see body.py and drift.py.
"""

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import joblib

from app.config.settings import Settings
from app.predictor.loader import Loader
from bench import body, drift
from bench.load import Requests, load
from bench.registry import SERVERS
from bench.server_process import run_server
from bench.servers import BENCH

MODEL = "cheap"
ROUNDS = 5
SECONDS = 2
MODEL_CALLS = 3000
CALLERS = (1, 32)


def main() -> None:
    """Print the CPU time per prediction, in microseconds."""
    os.environ["OMP_NUM_THREADS"] = "1"
    data = joblib.load(BENCH / "models" / "rows.joblib")
    server = SERVERS["ours-1"]
    bodies = [server.body(row) for row in data["rows"]]
    calls = _model_calls(bodies)
    total: dict[int, list[float]] = {callers: [] for callers in CALLERS}
    model: dict[int, list[float]] = {callers: [] for callers in CALLERS}
    with run_server(server, MODEL, data["rows"], data[MODEL].tolist()) as running:
        for _ in range(ROUNDS):
            for callers in CALLERS:
                before = running.cpu_seconds()
                done = load(Requests(running.url, bodies), connections=callers, seconds=SECONDS)
                total[callers].append((running.cpu_seconds() - before) / done.requests)
                model[callers].append(_cpu_seconds(calls[callers]) / callers)
    print("| callers | CPU, µs | of that the model | beyond the model |\n| --- | --- | --- | --- |")
    for callers in CALLERS:
        beyond = [whole - own for whole, own in zip(total[callers], model[callers], strict=True)]
        row = [f"{_micros(values)}" for values in (total[callers], model[callers], beyond)]
        print(f"| {callers} | {' | '.join(row)} |")
    print()
    body.main()
    print()
    drift.main()


def _model_calls(bodies: list[Any]) -> dict[int, Callable[[], object]]:
    """Return the call of the model for a batch of each size."""
    loader = Loader(Settings(MODEL_DIR=str(BENCH / "models"), TRAINED_MODEL_MODULE_NAME=MODEL))
    model = loader.import_module()
    loader.init(model)
    rows = [dict(body) for body in bodies]
    return {1: lambda: model.predict(rows[0]), 32: lambda: model.predict_batch(rows[:32])}


def _cpu_seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    for _ in range(MODEL_CALLS):
        call()
    return (time.process_time() - start) / MODEL_CALLS


def _micros(values: list[float]) -> str:
    micros = [1e6 * value for value in values]
    return f"{median(micros):.0f} [{min(micros):.0f}..{max(micros):.0f}]"


if __name__ == "__main__":
    main()
