"""Measure what counting by a profile costs: `python -m bench.drift`.

The time to count a row and its answer, of a request with the six parameters of the example, as a
part of the time that the same body takes before the model. And for a request of many rows with
many parameters, in milliseconds: before the model is called, and after the answer.
"""

import time
from itertools import cycle, islice
from statistics import median

from prometheus_client import CollectorRegistry

from app.codec import decode
from app.config.settings import Settings
from app.predictor.bins import NumberBins
from app.predictor.drift import Drift
from app.predictor.drift_metrics import DriftCounter
from app.predictor.loader import Loader
from app.predictor.predictor import Predictor
from app.predictor.profile import Profile
from bench.body import bodies_of, micros_of
from bench.servers import BENCH

ROUNDS = 15
FLUSHED_AFTER = 1000  # rows: as many as come within a quarter of a second
MANY_ROWS = 10_000
MANY_PARAMETERS = 50


def main() -> None:
    """Print the times and the ratio."""
    settings = Settings(MODEL_DIR=str(BENCH.parent / "model"))
    counter = DriftCounter(Predictor(settings), CollectorRegistry())
    model = Loader(settings).import_module()
    if model.drift is None:
        raise SystemExit("The example model has no profile: run `python model/train.py`")
    bodies = bodies_of(model.parameters.sample)
    body, counting = [], []
    for _ in range(ROUNDS):
        body.append(micros_of(model.parameters, bodies))
        counting.append(_micros(model.drift, bodies, counter))
    ratios = [two / one for one, two in zip(body, counting, strict=True)]
    print("| of a request with one row | µs |\n| --- | --- |")
    print(f"| a valid body | {_shown(body)} |\n| counting by its profile | {_shown(counting)} |")
    print(f"\nCounting to a valid body: {median(ratios):.2f} times\n")
    many = [_many(counter) for _ in range(ROUNDS)]
    before, after = (_shown([1e3 * it for it in times]) for times in zip(*many, strict=True))
    print(
        f"{MANY_ROWS} rows of {MANY_PARAMETERS} parameters: {before} ms before the call, "
        f"{after} ms after the answer"
    )


def _micros(drift: Drift, bodies: list[bytes], counter: DriftCounter) -> float:
    rows = [decode(body) for body in bodies]
    start = time.process_time()
    for number, row in enumerate(rows):
        values = drift.values_of(row)
        drift.add(values, {"bikes": 12.5})
        drift.count()
        if not number % FLUSHED_AFTER:
            drift.flush(counter.add)
    return 1e6 * (time.process_time() - start) / len(rows)


def _many(counter: DriftCounter) -> tuple[float, float]:
    names = [f"p{number}" for number in range(MANY_PARAMETERS)]
    edges = [number / 10 for number in range(11)]
    bins = NumberBins(edges, [0.1] * 10, 0)
    drift = Drift(Profile(dict.fromkeys(names, bins), {"": bins}))
    value = cycle([number / 1009 for number in range(1009)])
    rows = [dict(zip(names, islice(value, len(names)), strict=True)) for _ in range(MANY_ROWS)]
    start = time.process_time()
    values = [*map(drift.values_of, rows)]
    called = time.process_time()
    drift.add_all(values, [0.5] * MANY_ROWS, [])
    drift.count()
    drift.flush(counter.add)
    return called - start, time.process_time() - called


def _shown(values: list[float]) -> str:
    return f"{median(values):.1f} [{min(values):.1f}..{max(values):.1f}]"


if __name__ == "__main__":
    main()
