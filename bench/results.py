"""The results of a run, as stored in a JSON file."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.load import Head, Load

Values = dict[int, float]  # round to value


@dataclass(frozen=True)
class Measurement:
    """One server with one model, started once and put under load.

    Attributes:
        pace: CPU speed just before, in million loop iterations per second, since it varies.
        loads: the result of each load, keyed by `load_name`.

    """

    server: str
    model: str
    round: int
    start_seconds: float
    memory_mib: float
    pace: float
    loads: dict[str, Load]


@dataclass(frozen=True)
class Scenario:
    """One of the scenarios that only this service is measured in, with its named values."""

    name: str
    round: int
    values: dict[str, float]


@dataclass
class Results:
    """All results of a run.

    Attributes:
        about: the machine, the versions and the options, as text.
        servers: the label, kind, processes and settings of each server, in order.
        measurements: one per round, server and model.
        scenarios: one per round and scenario.
        failures: the measurements that failed, with the reasons.

    """

    about: dict[str, str]
    servers: dict[str, dict[str, Any]]
    measurements: list[Measurement] = field(default_factory=list)
    scenarios: list[Scenario] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def add_to(self, earlier: Self, names: Collection[str]) -> None:
        """Take over the results of an earlier run, which this one continues or adds to.

        What is different in this run, such as the commit, is noted beside what it measures.

        Args:
            earlier: is not used any more.
            names: the servers and scenarios of this run.

        """
        about = {key: text for key, text in self.about.items() if text != earlier.about.get(key)}
        known = earlier.about.get("versions", "").split(", ")
        new = [text for text in about.pop("versions", "").split(", ") if text not in known]
        note = [f"{key} {text}" for key, text in about.items()] + [text for text in new if text]
        if note:
            earlier.about[", ".join(names)] = "; ".join(note)
        self.about = earlier.about
        self.servers = earlier.servers | self.servers
        self.measurements, self.scenarios = earlier.measurements, earlier.scenarios
        self.failures = [it for it in earlier.failures if it.partition(",")[0] not in names]

    def save(self, file: Path) -> None:
        """Write the file."""
        file.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read the file; leave out measurements of older versions, which had other loads."""
        content = json.loads(file.read_text())
        measurements = [
            Measurement(**{**entry, "loads": {c: Load(**w) for c, w in entry["loads"].items()}})
            for entry in content.pop("measurements")
            if load_name(1) in entry["loads"]
        ]
        scenarios = [Scenario(**entry) for entry in content.pop("scenarios", ())]
        return cls(measurements=measurements, scenarios=scenarios, **content)

    @property
    def done(self) -> set[tuple[int, str, str]]:
        """What was measured: the round, the server or scenario, and the model of a server."""
        servers = {(entry.round, entry.server, entry.model) for entry in self.measurements}
        return servers | {(entry.round, entry.name, "") for entry in self.scenarios}

    def values(self, server: str, model: str, metric: Callable[[Measurement], float]) -> Values:
        """Return the metric of a server with a model, for each round that has it."""
        return {
            entry.round: metric(entry)
            for entry in self.measurements
            if entry.server == server and entry.model == model
        }

    def scenario(self, name: str, value: str) -> Values:
        """Return a value of a scenario, for each round that has it."""
        return {
            entry.round: entry.values[value]
            for entry in self.scenarios
            if entry.name == name and value in entry.values
        }

    def keys(self, kind: str, processes: int | None = None) -> list[str]:
        """Return the keys of the servers of a kind, or of those with this many processes."""
        return [
            key
            for key, server in self.servers.items()
            if server["kind"] == kind and processes in (None, server["processes"])
        ]

    def errors(self, server: str) -> int:
        """Return the number of failed requests to a server, over all loads."""
        return sum(
            load.errors
            for entry in self.measurements
            if entry.server == server
            for load in entry.loads.values()
        )


def load_name(connections: int, head: Head = "mesh") -> str:
    """Return the name of a load in the results, such as "mesh c32"."""
    return f"{head} c{connections}"


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


def per_second(connections: int, head: Head = "mesh") -> Callable[[Measurement], float]:
    """Return the metric: successful requests per second."""
    return lambda entry: entry.loads[load_name(connections, head)].per_second


def latency(connections: int, percentile: str) -> Callable[[Measurement], float]:
    """Return the metric: a percentile of the latency, such as "p50", in milliseconds."""
    return lambda entry: float(getattr(entry.loads[load_name(connections)], percentile))


def start(entry: Measurement) -> float:
    """Return the seconds from the start to the first correct response."""
    return entry.start_seconds


def memory(entry: Measurement) -> float:
    """Return the memory of all processes after the warm-up, in MiB."""
    return entry.memory_mib
