"""Whether a pod's memory, descriptors and threads stay flat under steady traffic."""

from dataclasses import dataclass
from statistics import median

from bench.soak.samples import Sample

_PARTS = 5


@dataclass(frozen=True)
class Bound:
    """How much a figure may grow.

    Attributes:
        label: the figure in the report.
        ratio: a share of its value.
        units: so many on top, in its unit.

    """

    label: str
    ratio: float
    units: float


# Descriptors follow the number of open connections, which varies; threads do not.
BOUNDS = {
    "rss": Bound("RSS in MiB", 0.05, 4),
    "container": Bound("memory of the container in MiB", 0.05, 8),
    "descriptors": Bound("descriptors", 0.10, 5),
    "threads": Bound("threads", 0, 1),
}
_LEFT_OPEN = 4  # descriptors: the connections of probes and of the last samples


def growth(samples: list[Sample]) -> list[str]:
    """Return what has grown: a line for each figure that did not stay flat.

    The median of the last fifth of the samples is compared with that of the second fifth; the
    first is the warm-up.
    """
    part = len(samples) // _PARTS
    if part < 1:
        return [f"{len(samples)} samples are too few to tell"]
    grown = []
    for name, bound in BOUNDS.items():
        before = median(getattr(sample, name) for sample in samples[part : 2 * part])
        after = median(getattr(sample, name) for sample in samples[-part:])
        if after > before * (1 + bound.ratio) + bound.units:
            grown.append(f"{bound.label} grew from {before:.0f} to {after:.0f}")
    return grown


def left_open(before: Sample, after: Sample) -> list[str]:
    """Return what is left of the traffic once it has ended."""
    left = []
    if after.descriptors > before.descriptors + _LEFT_OPEN:
        left.append(f"{after.descriptors} descriptors are open, {before.descriptors} before")
    if after.pending:
        left.append(f"{after.pending} predictions are still pending")
    return left
