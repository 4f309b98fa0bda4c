"""The performance targets of the service, each with its measured values."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench.results import (
    Measurement,
    Results,
    Values,
    latency,
    memory,
    per_second,
    ratio,
    start,
)
from bench.servers import MODELS, process_count

_RATE, _P50 = per_second(32), latency(1, "p50")
_COMPARED = ("ours-2", "fastapi-2")


@dataclass(frozen=True)
class Target:
    """A lower limit of a metric, or an upper limit; without values it was not measured."""

    metric: str
    limit: float
    values: Values
    unit: str = ""
    at_most: bool = False

    @property
    def result(self) -> str:
        """Whether the median meets the target."""
        if not self.values:
            return "not measured"
        middle = median(self.values.values())
        met = middle <= self.limit if self.at_most else middle >= self.limit
        return "met" if met else "**missed**"


def targets(results: Results) -> Iterator[Target]:
    """Yield every target; a ratio is this service's value divided by the other server's."""
    yield from _throughput(results)
    yield from _latency(results)
    for n, limit in ((1, 160), (2, 250)):
        values = results.values(f"ours-{n}", "cheap", memory)
        yield Target(f"memory, cheap, {process_count(n)}", limit, values, " MiB", at_most=True)
    values = results.values("ours-1", "cheap", start)
    yield Target("time to first response, cheap, 1 process", 3.8, values, " s", at_most=True)


def _throughput(results: Results) -> Iterator[Target]:
    def compare(ours: str, other: str, model: str) -> Values:
        return ratio(results.values(ours, model, _RATE), results.values(other, model, _RATE))

    for model, limit in (("cheap", 1.8), ("forest", 1.9)):
        best, name = _best_peer(results, model, _RATE, max)
        values = ratio(results.values("ours-2", model, _RATE), best)
        yield Target(f"c32 requests/s, {model}, 2 processes, vs. best peer{name}", limit, values)
    for n in (1, 2):
        values = compare(f"ours-{n}", f"flask-{n}", "cheap")
        metric = f"c32 requests/s, cheap, {process_count(n)}, vs. an empty Flask route"
        yield Target(metric, 0.6, values)
    for model, limit in (("cheap", 8), ("forest", 18)):
        values = compare("ours-2", "original-gunicorn-2", model)
        metric = f"c32 requests/s, {model}, 2 processes, vs. the original on gunicorn"
        yield Target(metric, limit, values)
    for model in MODELS:
        for n in (1, 2):
            values = compare(f"ours-single-{n}", f"fastapi-{n}", model)
            metric = f"c32 requests/s, {model} without run_batch(), {process_count(n)}, vs. FastAPI"
            yield Target(metric, 1, values)


def _latency(results: Results) -> Iterator[Target]:
    def speed(ours: str, model: str) -> tuple[Values, str]:
        best, name = _best_peer(results, model, _P50, min)
        return ratio(best, results.values(ours, model, _P50)), name

    for model, limit in (("cheap", 0.95), ("forest", 0.8)):
        values, name = speed("ours-1", model)
        yield Target(f"c1 speed (1/p50), {model}, 1 process, vs. best peer{name}", limit, values)
    for model, limit in (("cheap", 2), ("forest", 7)):
        values, name = speed("ours-compiled-1", model)
        metric = f"c1 speed (1/p50), {model} compiled, 1 process, vs. best peer{name}"
        yield Target(metric, limit, values)
    for model in MODELS:
        slow = results.values("ours-1", model, latency(1, "p99"))
        values = ratio(slow, results.values("ours-1", model, _P50))
        yield Target(f"c1 p99 / p50, {model}, 1 process", 2, values, at_most=True)
    ours, other = (results.values(key, "cheap", latency(32, "p99")) for key in _COMPARED)
    metric = "c32 p99, cheap, 2 processes, vs. FastAPI"
    yield Target(metric, 1, ratio(ours, other), at_most=True)


def _best_peer(
    results: Results,
    model: str,
    metric: Callable[[Measurement], float],
    choose: Callable[[list[float]], float],
) -> tuple[Values, str]:
    """Return the best peer value of each round, and the peer with the best median.

    A peer may have any number of processes, so the comparison is stricter than the target's name.
    """
    peers = {key: results.values(key, model, metric) for key in results.keys("peer")}
    peers = {key: values for key, values in peers.items() if values}
    if not peers:
        return {}, ""
    rounds = {number for values in peers.values() for number in values}
    best = {n: choose([values[n] for values in peers.values() if n in values]) for n in rounds}
    medians = {median(values.values()): key for key, values in peers.items()}
    return best, f" (best median: {medians[choose(list(medians))]})"
