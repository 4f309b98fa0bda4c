"""Prometheus metrics of all processes of the service together, where there are several.

The names are those of a single process
(https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
"""

import contextlib
import gc
import os
from collections.abc import Iterator

import psutil
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class ProcessesCollector(Collector):
    """Collects the sums over the master process, its workers, and what they have started."""

    def collect(self) -> Iterator[Metric]:
        """Yield the sums, on Linux; memory that processes share counts once."""
        if not psutil.LINUX:
            return
        master = psutil.Process(os.getppid())
        cpu = resident = virtual = 0.0
        files = limit = 0
        for process in [master, *master.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                times = process.cpu_times()
                # With the time of children that have ended, so that the sum never decreases.
                cpu += times.user + times.system + times.children_user + times.children_system
                memory = process.memory_full_info()
                resident += memory.pss
                virtual += memory.vms
                files += process.num_fds()
                limit += process.rlimit(psutil.RLIMIT_NOFILE)[0]
        yield CounterMetricFamily(
            "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", cpu
        )
        for name, text, value in (
            ("resident_memory_bytes", "Resident memory size in bytes.", resident),
            ("virtual_memory_bytes", "Virtual memory size in bytes.", virtual),
            ("open_fds", "Number of open file descriptors.", files),
            ("max_fds", "Maximum number of open file descriptors.", limit),
            ("start_time_seconds", "Start time since unix epoch in seconds.", master.create_time()),
        ):
            yield GaugeMetricFamily(f"process_{name}", text, value)


class GarbageCounters:
    """Counts the runs of the garbage collectors of all processes; the names are GCCollector's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Expose the counters in `registry`."""
        self._counters = {
            key: Counter(f"python_gc_{name}", text, ["generation"], registry=registry)
            for key, name, text in (
                ("collected", "objects_collected", "Objects collected during gc"),
                ("uncollectable", "objects_uncollectable", "Uncollectable objects found during GC"),
                ("collections", "collections", "Number of times this generation was collected"),
            )
        }
        self._process = os.getpid()
        self._counted: dict[tuple[str, int], int] = {}

    def publish(self) -> None:
        """Count what has come since the last time, in this process."""
        if self._process != os.getpid():  # the process that has forked this one counts its own
            self._process = os.getpid()
            self._counted = {}
        for generation, stats in enumerate(gc.get_stats()):
            for key, counter in self._counters.items():
                before = self._counted.get((key, generation), 0)
                counter.labels(str(generation)).inc(max(0, stats[key] - before))
                self._counted[key, generation] = stats[key]
