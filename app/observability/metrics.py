"""Prometheus metrics: requests, refusals, the duration of predictions, and what others add.

The text format and the naming are Prometheus' own
(https://prometheus.io/docs/practices/naming/). With several processes each writes its numbers
into a shared folder, PROMETHEUS_MULTIPROC_DIR, and any of them answers for all.
"""

import threading
from collections.abc import Callable
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from app.errors import REFUSALS

# From a compiled model's response to a call that waits for a busy one.
# fmt: off
SECONDS_BUCKETS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
    10, 30,
)
# fmt: on
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


class Metrics:
    """The metrics of one application.

    Attributes:
        shared: the registry of what all processes count.
        own: the registry of what the process that is scraped tells for all.
        publishers: set what is not counted as it happens, each time before a scrape.

    """

    def __init__(self, *, several_processes: bool) -> None:
        """Create the metrics; with several processes, each of them counts for all."""
        disable_created_metrics()
        self.shared = CollectorRegistry()
        self.own = CollectorRegistry()
        self.publishers: list[Callable[[], None]] = []
        self.several_processes = several_processes
        self._publishing = threading.Lock()
        self._requests = Counter(
            "ml_rest_api_requests",
            "Requests answered",
            ("path", "method", "code"),
            registry=self.shared,
        )
        self._requests_labels = cache(self._requests.labels)
        self._refused = Counter(
            "ml_rest_api_refused",
            "Requests refused, by the reason; for the reason `model`, rows",
            ("reason",),
            registry=self.shared,
        )
        for reason in REFUSALS:
            self._refused.labels(reason)  # exposed from the start: a rate needs a first zero
        self._seconds = Histogram(
            "ml_rest_api_prediction_seconds",
            "Time to answer a request that is predicted, from its first byte to its answer",
            buckets=SECONDS_BUCKETS,
            registry=self.shared,
        )
        if several_processes:
            # Here, not above: one process alone needs no memory for psutil.
            from app.observability.processes import (  # noqa: PLC0415
                GarbageCounters,
                ProcessesCollector,
            )

            self.own.register(ProcessesCollector())
            self.publishers.append(GarbageCounters(self.shared).publish)
        else:
            ProcessCollector(registry=self.own)
            GCCollector(registry=self.own)

    def count_request(self, path: str, method: str, code: int) -> None:
        """Count a request.

        Args:
            path: the route's, of which there are few; never the client's own.
            method: any; an unknown one counts as `other`.
            code: the response's status.

        """
        method = method if method in _METHODS else "other"
        self._requests_labels(path, method, code).inc()

    def count_refusal(self, reason: str) -> None:
        """Count a refused request, or a row that the model refuses.

        Args:
            reason: one of `REFUSALS`.

        """
        self._refused.labels(reason).inc()

    def observe_prediction(self, seconds: float) -> None:
        """Record the duration of a request that is predicted."""
        self._seconds.observe(seconds)

    def publish(self) -> None:
        """Let other processes, which may be scraped, know what is not counted as it happens."""
        with self._publishing:
            for publish in self.publishers:
                publish()

    def expose(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        self.publish()
        shared = self.shared
        if self.several_processes:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)
        return generate_latest(shared) + generate_latest(self.own)
