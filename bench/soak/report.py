"""Renders docs/soak.md from a run of the soak."""

from dataclasses import dataclass
from statistics import median

from bench.soak.calls import GROUPS, Kind
from bench.soak.flat import BOUNDS, growth, left_open
from bench.soak.samples import Sample
from bench.soak.traffic import Count

_INTRODUCTION = """# The soak

Rendered by `make soak`: two replicas on a kind cluster get good, bad, slow and cancelled requests
over several protocols, on connections of their own and on ones that stay open. The model,
bench/models/soak.py, is a scikit-learn regression that is sometimes slow and sometimes raises. For
each request it is known what has to come back; *failed* is whatever got anything else, and the
run fails with the first one.
"""
_FLAT = """
The first fifth of the samples is the warm-up. The median of the last fifth may exceed that of the
second by at most:

{bounds}

`before` and `after` are without traffic; what the traffic opened has to be closed after it. RSS,
descriptors and threads are those of all processes of the service, added up. The memory of the
container has the page cache and the program that takes the sample in it, and what processes share
once.
"""


@dataclass(frozen=True)
class Run:
    """A run of the soak.

    Attributes:
        about: date, commit, machine and so on, by name.
        seconds: of traffic.
        counts: the requests of each kind.
        failures: what was wrong with the first requests that failed.
        before: a sample of each pod before the traffic.
        samples: those under traffic.
        after: one after the traffic.
        restarts: of containers.
        failed_probes: of the kubelet.

    """

    about: dict[str, str]
    seconds: float
    counts: dict[Kind, Count]
    failures: list[str]
    before: dict[str, Sample]
    samples: dict[str, list[Sample]]
    after: dict[str, Sample]
    restarts: int
    failed_probes: int

    def problems(self) -> list[str]:
        """Return why the run has failed; nothing if it has passed."""
        problems = list(self.failures)
        problems += [
            f"{kind.name}: none was sent" for kind, count in self.counts.items() if not count.sent
        ]
        if self.restarts:
            problems.append(f"{self.restarts} restarts")
        if self.failed_probes:
            problems.append(f"{self.failed_probes} probes failed")
        for pod, samples in self.samples.items():
            found = growth(samples) + left_open(self.before[pod], self.after[pod])
            problems += [f"{pod}: {problem}" for problem in found]
        return problems


def render(run: Run) -> str:
    """Return a run as Markdown."""
    problems = run.problems()
    failed = sum(count.failed for count in run.counts.values())
    sent = sum(count.sent for count in run.counts.values())
    about = {
        **run.about,
        "duration": f"{run.seconds / 60:g} minutes",
        "requests": f"{sent}, {sent / run.seconds:.0f} a second",
        "failed requests": f"{failed}",
        "restarts": f"{run.restarts}",
        "failed probes": f"{run.failed_probes}",
        "result": "failed" if problems else "passed",
    }
    parts = [_INTRODUCTION, _table(["property", "value"], list(map(list, about.items())))]
    if problems:
        parts += ["## Problems\n", *(f"- {problem}" for problem in problems), ""]
    parts += ["## Requests\n", _requests(run), "## Pods", _FLAT.format(bounds=_bounds())]
    for number, (pod, samples) in enumerate(run.samples.items(), 1):
        parts += [f"Pod {number}:\n", _pod(run.before[pod], samples, run.after[pod])]
    return "\n".join(parts).rstrip() + "\n"


def _requests(run: Run) -> str:
    rows = []
    for group in GROUPS:
        for kind in group.kinds:
            count = run.counts[kind]
            took = f"{1000 * median(count.seconds):.0f} ms" if count.seconds else ""
            expected = f"{kind.status}" if kind.status else "none: the client hangs up"
            if kind.expected is not None:
                expected += " and the prediction"
            rows.append([group.name, kind.name, expected, f"{count.sent}", f"{count.failed}", took])
    return _table(["group", "kind", "expected", "sent", "failed", "median time"], rows)


def _pod(before: Sample, samples: list[Sample], after: Sample) -> str:
    times = {
        "before": before,
        **{f"{sample.seconds / 60:.1f} min": sample for sample in _spread(samples)},
        "after": after,
    }
    rows = [
        [name, f"{it.rss:.1f}", f"{it.container:.1f}", f"{it.descriptors}", f"{it.threads}",
         f"{it.pending}"]
        for name, it in times.items()
    ]  # fmt: skip
    head = ["time", "RSS, MiB", "container, MiB", "descriptors", "threads", "pending"]
    return _table(head, rows)


def _spread(samples: list[Sample]) -> list[Sample]:
    """Return the first sample, the last, and some at equal distances between."""
    last = len(samples) - 1
    return [samples[index] for index in sorted({last * part // 6 for part in range(7)})]


def _bounds() -> str:
    return "\n".join(
        f"- {bound.label}: {bound.ratio:.0%}, and {bound.units:g}" for bound in BOUNDS.values()
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
