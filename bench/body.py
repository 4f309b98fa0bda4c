"""Measure what a valid body costs before the model: `python -m bench.body`.

The time to parse, validate and convert a body with the six parameters of the example, another row
each time: by the types of its sample alone, and by its TypedDict.
"""

import time
from collections.abc import Sequence
from statistics import median

import orjson

from app.codec import Row, decode
from app.config.settings import Settings
from app.predictor.loader import Loader
from app.predictor.parameters import Parameters
from bench.servers import BENCH

ROUNDS = 15
ROWS = 20_000


def main() -> None:
    """Print the time of a body, in microseconds, and the ratio of the two."""
    model = BENCH.parent / "model"
    typed = Loader(Settings(MODEL_DIR=str(model))).import_module().parameters
    bodies = bodies_of(typed.sample)
    kinds = {"sample alone": Parameters(typed.sample), "TypedDict": typed}
    micros: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS):
        for name, parameters in kinds.items():
            micros[name].append(micros_of(parameters, bodies))
    print("| types | a valid body, µs |\n| --- | --- |")
    for name, values in micros.items():
        print(f"| {name} | {median(values):.2f} [{min(values):.2f}..{max(values):.2f}] |")
    ratios = [two / one for one, two in zip(*micros.values(), strict=True)]
    print(f"\nTypedDict to sample alone: {median(ratios):.2f} times")


def bodies_of(sample: Row) -> list[bytes]:
    """Return bodies with the parameters of the example, each another row."""
    changes = ({"docks": row % 60, "temperature": row % 400 / 10} for row in range(ROWS))
    return [orjson.dumps({**sample, **change}) for change in changes]


def micros_of(parameters: Parameters, bodies: Sequence[bytes]) -> float:
    """Return the time to parse, validate and convert a body, in microseconds."""
    start = time.process_time()
    for body in bodies:
        value = decode(body)
        if not parameters.is_valid(value):
            raise parameters.validate(value)
        parameters.convert(value)
    return 1e6 * (time.process_time() - start) / len(bodies)


if __name__ == "__main__":
    main()
