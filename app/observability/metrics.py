"""Prometheus metrics at `/metrics`: requests, their duration, and whether the model is ready.

The text format and the naming are Prometheus' own
(https://prometheus.io/docs/practices/naming/). With several processes each writes its numbers
into a shared folder, PROMETHEUS_MULTIPROC_DIR, and any of them answers for all.
"""

import time
from collections.abc import Iterator
from functools import cache

from flask import Flask, Response, g, request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.predictor.predictor import Predictor, State

PREDICT = "/api/model/predict"

# Seconds: from a cheap model's answer to a call that waits at a busy one.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


class Metrics:
    """The numbers of one application."""

    def __init__(self, model: Predictor, *, several_processes: bool) -> None:
        """Count for `model`; with several processes, for all of them."""
        disable_created_metrics()
        self._shared = CollectorRegistry()
        self._several_processes = several_processes
        self._requests = Counter(
            "ml_rest_api_requests",
            "Requests answered",
            ("path", "method", "code"),
            registry=self._shared,
        )
        self._requests_like = cache(self._requests.labels)
        self._seconds = Histogram(
            "ml_rest_api_prediction_seconds",
            "Time to answer a prediction, from the head of the request to its answer",
            buckets=_BUCKETS,
            registry=self._shared,
        )
        self._own = CollectorRegistry()
        self._own.register(_ModelCollector(model))
        ProcessCollector(registry=self._own)

    def count(self, path: str, method: str, code: int, seconds: float) -> None:
        """Count a request that was answered with `code` after so many seconds."""
        method = method if method in _METHODS else "other"
        self._requests_like(path, method, code).inc()
        if path == PREDICT:
            self._seconds.observe(seconds)

    def expose(self) -> bytes:
        """Return the numbers in Prometheus' text format."""
        shared = self._shared
        if self._several_processes:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)
        return generate_latest(shared) + generate_latest(self._own)


def register_metrics(app: Flask, metrics: Metrics) -> None:
    """Count the requests of `app` and serve the numbers at `/metrics`."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        path = request.url_rule.rule if request.url_rule else "unknown"
        seconds = time.perf_counter() - g.started
        metrics.count(path, request.method, response.status_code, seconds)
        return response

    @app.get("/metrics")
    def expose() -> Response:
        return Response(metrics.expose(), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _ModelCollector(Collector):
    """The states of the model, as they are when asked."""

    def __init__(self, model: Predictor) -> None:
        self._model = model

    def collect(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily(
            "ml_rest_api_model_state", "1 for the state that the model is in", labels=["state"]
        )
        for state in State:
            gauge.add_metric([state.value], float(state is self._model.status.state))
        yield gauge
        yield GaugeMetricFamily(
            "ml_rest_api_predictions_pending",
            "Predictions under way or waiting in the process that answers this",
            value=self._model.limiter.pending,
        )
