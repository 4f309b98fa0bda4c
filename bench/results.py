"""What was measured, as it is kept in a JSON file."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.load import Load

Values = dict[int, float]  # a figure of each round


@dataclass(frozen=True)
class Measurement:
    """One server with one model, started once and loaded.

    Attributes:
        pace: what the machine did just before, in million loops a second: its own speed drifts.
        loads: what came of each load, by "c" and the number of connections.

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
    """Everything about a run.

    Attributes:
        about: the machine, the versions and the options, for people.
        servers: of each server its label, kind, processes and settings, in order.
        measurements: what was measured.
        failures: what could not be measured, and why.

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

    def values(self, server: str, model: str, figure: Callable[[Measurement], float]) -> Values:
        """Return a figure of a server with a model in each round that has it."""
        return {
            entry.round: figure(entry)
            for entry in self.measurements
            if entry.server == server and entry.model == model
        }

    def keys(self, kind: str) -> list[str]:
        """Return the servers of a kind."""
        return [key for key, server in self.servers.items() if server["kind"] == kind]

    def errors(self, server: str) -> int:
        """Return how many requests to a server failed, of all loads."""
        return sum(
            load.errors
            for entry in self.measurements
            if entry.server == server
            for load in entry.loads.values()
        )


def ratio(numerator: Values, denominator: Values) -> Values:
    """Return the quotient in each round that has both."""
    return {n: numerator[n] / denominator[n] for n in numerator if n in denominator}


def spread(values: Values, form: str = ".2f") -> str:
    """Return the median, with the lowest and the highest where there are several."""
    if not values:
        return "-"
    numbers = values.values()
    middle, low, high = (f"{n:{form}}" for n in (median(numbers), min(numbers), max(numbers)))
    return middle + (f" [{low}..{high}]" if len(values) > 1 else "")


def per_second(connections: int) -> Callable[[Measurement], float]:
    """Return the figure: good answers a second."""
    return lambda entry: entry.loads[f"c{connections}"].per_second


def latency(connections: int, percentile: str) -> Callable[[Measurement], float]:
    """Return the figure: the latency, in milliseconds, that so many percent stay under."""
    return lambda entry: float(getattr(entry.loads[f"c{connections}"], percentile))


def start(entry: Measurement) -> float:
    """Return the figure: seconds from the start to the first right answer."""
    return entry.start_seconds


def memory(entry: Measurement) -> float:
    """Return the figure: MiB of all processes after the warm-up."""
    return entry.memory_mib
