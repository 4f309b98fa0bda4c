"""Counts the requests that Flask serves, and exposes the metrics at `/metrics`."""

import time

from flask import Flask, Response, g, request
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.api.paths import PREDICT
from app.observability.metrics import Metrics


def register_metrics(app: Flask, metrics: Metrics) -> None:
    """Count the requests of `app` and serve `/metrics`."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def count(response: Response) -> Response:
        path = request.url_rule.rule if request.url_rule else "unknown"
        metrics.count_request(path, request.method, response.status_code)
        if path == PREDICT:
            metrics.observe_prediction(time.perf_counter() - g.started)
        return response

    @app.get("/metrics")
    def expose() -> Response:
        return Response(metrics.expose(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
