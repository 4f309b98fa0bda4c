"""Values of the chart that follow from what was measured, each with its reason as a comment."""

import dataclasses
import math
import platform
import textwrap
from collections.abc import Iterator

from app.cli.measurement import Measured, Measurement
from app.config.cpus import available_cpus
from app.config.settings import Settings

_LOAD_FACTOR = 5  # a node may be slower than this machine, and has to read the files first
_LOAD_TIMEOUT = 180  # the chart's default
_MEMORY_FACTOR = 1.25
_MEMORY_HEADROOM = 64 * 2**20
_CPU_PERCENT = 80
_MIB = 2**20
_TWO_DIGITS = 10
# Settings that change what is measured.
_MEASURED = ("THREADS", "MAX_BATCH_SIZE", "MAX_BATCH_WAIT_MS", "MAX_ROWS", "MAX_CONTENT_LENGTH")


def values_yaml(settings: Settings, measured: Measured, comparison: str, budget: float) -> str:
    """Return a part of a values.yaml.

    Args:
        settings: with which the model was measured.
        measured: the result.
        comparison: in words, with another number of workers.
        budget: the seconds that a request may wait for its turn.

    """
    lines = [
        *_header(measured),
        "model:",
        *_load_timeout(measured),
        "settings:",
        *_settings(settings, measured, comparison, budget),
        "resources:",
        *_resources(measured),
        "autoscaling:",
        *_autoscaling(),
    ]
    return "\n".join(lines)


def describe(measured: Measured) -> str:
    """Return in words what a number of workers brings, and takes."""
    rate, memory = measured.busy.rows_per_second, _mebibytes(measured.memory)
    return f"WORKERS={measured.workers}: {_number(rate)} rows/s, {memory} MiB"


def _header(measured: Measured) -> Iterator[str]:
    yield from _comment(
        f"Measured by `python -m app size` on {available_cpus()} CPUs ({platform.machine()}), of "
        f"which other processes used {measured.other_percent:.0f} %, with the model's sample():",
        "",
    )
    form = "#   {:>12}  {:>8}  {:>10}  {:>8}  {:>8}  {:>10}  {:>5}  {:>9}"
    titles = ("rows/request", "clients", "median, ms", "p99, ms")
    yield form.format(*titles, "rows/s", "CPU ms/row", "CPUs", "peak, MiB")
    yield from (form.format(*_cells(each)) for each in measured.measurements)


def _cells(measurement: Measurement) -> Iterator[str]:
    yield str(measurement.rows)
    yield str(measurement.clients)
    yield _number(1000 * measurement.median)
    yield _number(1000 * measurement.p99)
    yield _number(measurement.rows_per_second)
    yield _number(1000 * measurement.cpus / measurement.rows_per_second)
    yield f"{measurement.cpus:.2f}"
    yield str(_mebibytes(measurement.memory))


def _load_timeout(measured: Measured) -> Iterator[str]:
    needed = 10 * math.ceil(_LOAD_FACTOR * measured.load_seconds / 10)
    yield from _comment(
        f"Ready after {measured.load_seconds:.1f} s, times {_LOAD_FACTOR} for a slower node; at "
        f"least the default of {_LOAD_TIMEOUT}"
    )
    yield f"  loadTimeoutSeconds: {max(needed, _LOAD_TIMEOUT)}"


def _settings(
    settings: Settings, measured: Measured, comparison: str, budget: float
) -> Iterator[str]:
    yield from _comment(f"{describe(measured)}. {comparison}")
    yield f"  WORKERS: {measured.workers}"
    per_second = measured.busy.rows_per_second / measured.workers
    pending = min(settings.MAX_PENDING, max(2, int(budget * per_second)))
    yield from _comment(
        f"Under load a request takes {_number(1000 / per_second)} ms, so that the last of "
        f"{pending} waits {_number(pending / per_second)} s. Budget: {budget:g} s; at most "
        f"{settings.MAX_PENDING}, as measured"
    )
    yield f"  MAX_PENDING: {pending}"
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.name in _MEASURED and value != field.default:
            yield from _comment("As measured")
            yield f"  {field.name}: {value}"


def _resources(measured: Measured) -> Iterator[str]:
    busy = measured.busy
    cpu = busy.cpus / busy.rows_per_second
    yield "  requests:"
    yield from _comment(
        f"{busy.cpus:.2f} CPUs are busy at {_number(busy.rows_per_second)} rows/s. For less "
        f"traffic request less: 100 rows/s take {_millicpus(100 * cpu)}m",
        "    ",
    )
    yield f"    cpu: {_millicpus(busy.cpus)}m"
    largest = measured.measurements[-1]
    yield from _comment(
        f"The peak: {_mebibytes(measured.load_memory)} MiB while loading, "
        f"{_mebibytes(busy.memory)} MiB with {busy.clients} requests of one row, "
        f"{_mebibytes(largest.memory)} MiB with {largest.clients} of {largest.rows} rows",
        "    ",
    )
    yield f"    memory: {_mebibytes(measured.memory)}Mi"
    yield "  limits:"
    yield from _comment(
        f"The peak times {_MEMORY_FACTOR}, at least {_MEMORY_HEADROOM // _MIB} MiB more, for the "
        "kernel's memory and for larger rows",
        "    ",
    )
    limit = max(_MEMORY_FACTOR * measured.memory, measured.memory + _MEMORY_HEADROOM)
    yield f"    memory: {_mebibytes(limit)}Mi"


def _autoscaling() -> Iterator[str]:
    yield from _comment(
        f"Percent of the CPU request, which a pod uses at full load: {100 - _CPU_PERCENT} % are "
        "left until another pod is ready. Takes effect with autoscaling.enabled"
    )
    yield f"  targetCPUUtilizationPercentage: {_CPU_PERCENT}"


def _comment(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, 100, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _number(value: float) -> str:
    """Return a number with two significant digits, or with all digits before the point."""
    return f"{value:.2g}" if value < _TWO_DIGITS else f"{value:.0f}"


def _millicpus(cpus: float) -> int:
    return 10 * max(1, round(100 * cpus))


def _mebibytes(size: float) -> int:
    return math.ceil(size / _MIB)
