"""The results of a run, as stored in a JSON file."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.load import Load

Values = dict[int, float]  # round to value


@dataclass(frozen=True)
class Measurement:
    """One server with one model, started once and put under load.

    Attributes:
        pace: CPU speed just before, in million loop iterations per second, since it varies.
        loads: the result of each load, keyed by "c" and the number of connections.

    """

    server: str
    model: str
    round: int
    start_seconds: float
    memory_mib: float
    pace: float
    loads: dict[str, Load]


@dataclass
class Results:
    """All results of a run.

    Attributes:
        about: the machine, the versions and the options, as text.
        servers: the label, kind, processes and settings of each server, in order.
        measurements: one per round, server and model.
        failures: the measurements that failed, with the reasons.

    """

    about: dict[str, str]
    servers: dict[str, dict[str, Any]]
    measurements: list[Measurement] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def save(self, file: Path) -> None:
        """Write the file."""
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the file."""
        content = json.loads(file.read_text())
        measurements = [
            Measurement(**{**entry, "loads": {c: Load(**w) for c, w in entry["loads"].items()}})
            for entry in content.pop("measurements")
        ]
        return cls(measurements=measurements, **content)

    def values(self, server: str, model: str, metric: Callable[[Measurement], float]) -> Values:
        """Return the metric of a server with a model, for each round that has it."""
        return {
            entry.round: metric(entry)
            for entry in self.measurements
            if entry.server == server and entry.model == model
        }

    def keys(self, kind: str) -> list[str]:
        """Return the keys of the servers of a kind."""
        return [key for key, server in self.servers.items() if server["kind"] == kind]

    def errors(self, server: str) -> int:
        """Return the number of failed requests to a server, over all loads."""
        return sum(
            load.errors
            for entry in self.measurements
            if entry.server == server
            for load in entry.loads.values()
        )


def ratio(numerator: Values, denominator: Values) -> Values:
    """Return the ratio for each round that has both values."""
    return {n: numerator[n] / denominator[n] for n in numerator if n in denominator}


def summary(values: Values, form: str = ".2f") -> str:
    """Return the median, with the minimum and the maximum if there are several values."""
    if not values:
        return "-"
    numbers = values.values()
    middle, low, high = (f"{n:{form}}" for n in (median(numbers), min(numbers), max(numbers)))
    return middle + (f" [{low}..{high}]" if len(values) > 1 else "")


def per_second(connections: int) -> Callable[[Measurement], float]:
    """Return the metric: successful requests per second."""
    return lambda entry: entry.loads[f"c{connections}"].per_second


def latency(connections: int, percentile: str) -> Callable[[Measurement], float]:
    """Return the metric: a percentile of the latency, such as "p50", in milliseconds."""
    return lambda entry: float(getattr(entry.loads[f"c{connections}"], percentile))


def start(entry: Measurement) -> float:
    """Return the seconds from the start to the first correct response."""
    return entry.start_seconds


def memory(entry: Measurement) -> float:
    """Return the memory of all processes after the warm-up, in MiB."""
    return entry.memory_mib
