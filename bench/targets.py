"""The performance targets of the service, each with its measured values.

All loads are the ones with the headers of a mesh.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench import access_log, idle, many_rows, overload
from bench.batch_forms import OURS
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
    """A lower limit of a metric, or an upper limit; without values it was not measured.

    Attributes:
        aim: a further limit that is worth reaching, but need not be met.

    """

    metric: str
    limit: float
    values: Values
    unit: str = ""
    at_most: bool = False
    aim: float | None = None

    @property
    def wanted(self) -> str:
        """The limit, as text."""
        text = f"at {'most' if self.at_most else 'least'} {self.limit:g}{self.unit}"
        return text if self.aim is None else f"{text}, aim: {self.aim:g}{self.unit}"

    @property
    def result(self) -> str:
        """Whether the median meets the target."""
        if not self.values:
            return "not measured"
        if not self._meets(self.limit):
            return "**missed**"
        return "met" if self.aim is None or self._meets(self.aim) else "met, aim missed"

    def _meets(self, limit: float) -> bool:
        middle = median(self.values.values())
        return middle <= limit if self.at_most else middle >= limit


def targets(results: Results) -> Iterator[Target]:
    """Yield every target; a ratio is this service's value divided by the other server's."""
    yield from _throughput(results)
    yield from _latency(results)
    yield from _scenarios(results)
    for model, limit in (("cheap", 2.5), ("forest", 1.3)):
        values = many_rows.to_own_call(results, model, OURS)
        metric = f"{many_rows.ROWS} rows in one call, {model}, vs. the model's own batch call"
        yield Target(metric, limit, values, at_most=True)
    values = results.values("ours-1", "cheap", start)
    yield Target("time to first response, cheap, 1 process", 2, values, " s", at_most=True)
    for n, limit in ((1, 170), (2, 185)):
        values = results.values(f"ours-{n}", "cheap", memory)
        yield Target(f"memory, cheap, {process_count(n)}", limit, values, " MiB", at_most=True)


def _throughput(results: Results) -> Iterator[Target]:
    peers = results.keys("peer")
    for model, workers, others, limit in (
        ("cheap", 2, peers, 4),
        ("cheap", 1, results.keys("peer", processes=2), 3),
        ("forest", 2, peers, 2.2),
    ):
        best, name = _best(results, others, model, _RATE, max)
        values = ratio(results.values(f"ours-{workers}", model, _RATE), best)
        kind = "best peer" if others is peers else "best peer with 2 processes"
        metric = f"c32 requests/s, {model}, {process_count(workers)}, vs. {kind}{name}"
        yield Target(metric, limit, values)


def _latency(results: Results) -> Iterator[Target]:
    def speed(ours: str, model: str) -> tuple[Values, str]:
        best, name = _best(results, results.keys("peer"), model, _P50, min)
        return ratio(best, results.values(ours, model, _P50)), name

    for model in MODELS:
        values, name = speed("ours-1", model)
        metric = f"c1 speed (1/p50), {model}, 1 process, vs. best peer{name}"
        yield Target(metric, 1, values, aim=1.2)
    for model, limit in (("cheap", 3), ("forest", 20)):
        values, name = speed("ours-compiled-1", model)
        metric = f"c1 speed (1/p50), {model} compiled, 1 process, vs. best peer{name}"
        yield Target(metric, limit, values)
    for model in MODELS:
        slow = results.values("ours-1", model, latency(1, "p99"))
        values = ratio(slow, results.values("ours-1", model, _P50))
        yield Target(f"c1 p99 / p50, {model}, 1 process", 2, values, at_most=True)
    ours, other = (results.values(key, "cheap", latency(32, "p99")) for key in _COMPARED)
    metric = "c32 p99, cheap, 2 processes, vs. FastAPI"
    yield Target(metric, 0.5, ratio(ours, other), at_most=True)


def _scenarios(results: Results) -> Iterator[Target]:
    def compare(scenario: str, value: str, other: str) -> Values:
        return ratio(results.scenario(scenario, value), results.scenario(scenario, other))

    metric = f"requests/s, {idle.CALLERS} callers beside {idle.CONNECTIONS} idle connections"
    yield Target(f"{metric}, vs. alone", 0.9, compare(idle.NAME, "beside", "alone"))
    values = results.scenario(idle.NAME, "closed")
    metric = f"connections closed by the service, of the {idle.CONNECTIONS} idle ones"
    yield Target(metric, 0, values, at_most=True)
    callers = f"{overload.CALLERS} callers at MAX_PENDING {overload.MAX_PENDING}"
    values = compare(overload.NAME, "overloaded", "best")
    yield Target(f"predictions/s, {callers}, vs. the best number of callers", 0.8, values)
    values = results.scenario(overload.NAME, "errors")
    yield Target(
        f"responses that are neither prediction nor 503, {callers}", 0, values, at_most=True
    )
    values = results.scenario(overload.NAME, "slowest_probe")
    yield Target(f"slowest probe, {callers}", 100, values, " ms", at_most=True)
    metric = f"c{access_log.CALLERS} requests/s, ACCESS_LOG=all vs. off"
    yield Target(metric, 0.8, compare(access_log.NAME, "all", "off"))


def _best(
    results: Results,
    servers: list[str],
    model: str,
    metric: Callable[[Measurement], float],
    choose: Callable[[list[float]], float],
) -> tuple[Values, str]:
    """Return the best value of these servers in each round, and the one with the best median.

    In each round another server may be the best, so the comparison is stricter than one with a
    single server.
    """
    measured = {key: results.values(key, model, metric) for key in servers}
    measured = {key: values for key, values in measured.items() if values}
    if not measured:
        return {}, ""
    rounds = {number for values in measured.values() for number in values}
    best = {n: choose([values[n] for values in measured.values() if n in values]) for n in rounds}
    medians = {median(values.values()): key for key, values in measured.items()}
    return best, f" (best median: {medians[choose(list(medians))]})"
