"""Prometheus metrics: requests, refusals, the duration of predictions, and what collectors add.

The text format and the naming are Prometheus' own
(https://prometheus.io/docs/practices/naming/). With several processes each writes its numbers
into a shared folder, PROMETHEUS_MULTIPROC_DIR, and any of them answers for all.
"""

from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

# Seconds: from a cheap model's response to a call that waits for a busy one.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


class Metrics:
    """The metrics of one application."""

    def __init__(self, collector: Collector, *, several_processes: bool) -> None:
        """Create the metrics.

        Args:
            collector: adds the metrics of this process that are read when scraped.
            several_processes: whether requests are counted for all of them.

        """
        disable_created_metrics()
        self._shared = CollectorRegistry()
        self._several_processes = several_processes
        self._requests = Counter(
            "ml_rest_api_requests",
            "Requests answered",
            ("path", "method", "code"),
            registry=self._shared,
        )
        self._requests_labels = cache(self._requests.labels)
        self._refused = Counter(
            "ml_rest_api_refused",
            "Rows refused, by what refuses them",
            ("reason",),
            registry=self._shared,
        )
        self._refused.labels("model")  # exposed from the start: a rate needs a first zero
        self._seconds = Histogram(
            "ml_rest_api_prediction_seconds",
            "Time to answer a prediction, from the head of the request to its answer",
            buckets=_BUCKETS,
            registry=self._shared,
        )
        self._process = CollectorRegistry()
        self._process.register(collector)
        ProcessCollector(registry=self._process)

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
        """Count a refused row.

        Args:
            reason: what refuses it, one of few; `model` where `run()` does.

        """
        self._refused.labels(reason).inc()

    def observe_prediction(self, seconds: float) -> None:
        """Record the duration of a request for a prediction, whatever its response."""
        self._seconds.observe(seconds)

    def expose(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        shared = self._shared
        if self._several_processes:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)
        return generate_latest(shared) + generate_latest(self._process)
