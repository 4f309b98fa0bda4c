"""Exposes the metrics at `/metrics`; the server counts the requests."""

from flask import Flask, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.api.paths import METRICS
from app.observability.metrics import Metrics


def register_metrics(app: Flask, metrics: Metrics) -> None:
    """Serve `/metrics`."""

    @app.get(METRICS)
    def expose() -> Response:
        return Response(metrics.expose(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
