"""The bars that the service is to reach, and what was measured of each."""

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
from bench.servers import MODELS

_RATE, _P50 = per_second(32), latency(1, "p50")
_COMPARED = ("ours-2", "fastapi-2")


@dataclass(frozen=True)
class Bar:
    """A figure that is to be at least, or at most, so much; no values: not measured."""

    figure: str
    limit: float
    values: Values
    unit: str = ""
    at_most: bool = False

    @property
    def verdict(self) -> str:
        """Whether the median reaches the bar."""
        if not self.values:
            return "not measured"
        middle = median(self.values.values())
        met = middle <= self.limit if self.at_most else middle >= self.limit
        return "met" if met else "**missed**"


def bars(results: Results) -> Iterator[Bar]:
    """Yield every bar; a ratio is this service's figure to the other's."""
    yield from _throughput(results)
    yield from _latency(results)
    for n, limit in ((1, 160), (2, 250)):
        values = results.values(f"ours-{n}", "cheap", memory)
        yield Bar(f"memory, cheap, {_processes(n)}", limit, values, " MiB", at_most=True)
    values = results.values("ours-1", "cheap", start)
    yield Bar("start to first answer, cheap, 1 process", 3.8, values, " s", at_most=True)


def _throughput(results: Results) -> Iterator[Bar]:
    def against(ours: str, other: str, model: str) -> Values:
        return ratio(results.values(ours, model, _RATE), results.values(other, model, _RATE))

    for model, limit in (("cheap", 1.8), ("forest", 1.9)):
        best, name = _best(results, model, _RATE, max)
        values = ratio(results.values("ours-2", model, _RATE), best)
        yield Bar(f"c32, {model}, 2 processes, to the best peer{name}", limit, values)
    for n in (1, 2):
        values = against(f"ours-{n}", f"flask-{n}", "cheap")
        yield Bar(f"c32, cheap, {_processes(n)}, to an empty Flask route", 0.6, values)
    for model, limit in (("cheap", 8), ("forest", 18)):
        values = against("ours-2", "original-gunicorn-2", model)
        yield Bar(f"c32, {model}, 2 processes, to the original on gunicorn", limit, values)
    for model in MODELS:
        for n in (1, 2):
            values = against(f"ours-single-{n}", f"fastapi-{n}", model)
            figure = f"c32, {model} without run_batch(), {_processes(n)}, to FastAPI"
            yield Bar(figure, 1, values)


def _latency(results: Results) -> Iterator[Bar]:
    def speed(ours: str, model: str) -> tuple[Values, str]:
        best, name = _best(results, model, _P50, min)
        return ratio(best, results.values(ours, model, _P50)), name

    for model, limit in (("cheap", 0.95), ("forest", 0.8)):
        values, name = speed("ours-1", model)
        yield Bar(f"c1 speed (by p50), {model}, 1 process, to the best peer{name}", limit, values)
    for model, limit in (("cheap", 2), ("forest", 7)):
        values, name = speed("ours-compiled-1", model)
        yield Bar(f"c1 speed, {model} compiled, 1 process, to the best peer{name}", limit, values)
    for model in MODELS:
        slow = results.values("ours-1", model, latency(1, "p99"))
        values = ratio(slow, results.values("ours-1", model, _P50))
        yield Bar(f"c1 p99 to p50, {model}, 1 process", 2, values, at_most=True)
    ours, other = (results.values(key, "cheap", latency(32, "p99")) for key in _COMPARED)
    yield Bar("c32 p99, cheap, 2 processes, to FastAPI", 1, ratio(ours, other), at_most=True)


def _processes(number: int) -> str:
    return f"{number} process" + ("es" if number > 1 else "")


def _best(
    results: Results,
    model: str,
    figure: Callable[[Measurement], float],
    choose: Callable[[list[float]], float],
) -> tuple[Values, str]:
    """Return the best figure of any peer in each round, and the peer with the best median.

    Peers count with any number of processes, so more is asked of the service than the bar does.
    """
    peers = {key: results.values(key, model, figure) for key in results.keys("peer")}
    peers = {key: values for key, values in peers.items() if values}
    if not peers:
        return {}, ""
    rounds = {number for values in peers.values() for number in values}
    best = {n: choose([values[n] for values in peers.values() if n in values]) for n in rounds}
    medians = {median(values.values()): key for key, values in peers.items()}
    return best, f" ({medians[choose(list(medians))]} in the median)"
