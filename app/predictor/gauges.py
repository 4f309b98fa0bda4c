"""Prometheus gauges of the model, read when they are scraped."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.predictor.predictor import Predictor
from app.predictor.state import State


class PredictorCollector(Collector):
    """Collects which model it is, its state, and the number of pending predictions."""

    def __init__(self, predictor: Predictor) -> None:
        """Read from `predictor`."""
        self._predictor = predictor

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        gauge = GaugeMetricFamily(
            "ml_rest_api_model_state", "1 for the state that the model is in", labels=["state"]
        )
        for state in State:
            gauge.add_metric([state.value], float(state is self._predictor.status.state))
        yield gauge
        yield GaugeMetricFamily(
            "ml_rest_api_predictions_pending",
            "Predictions running or waiting in the process that answers this",
            value=len(self._predictor.calls),
        )
        if self._predictor.model and (digest := self._predictor.files.digest):
            yield InfoMetricFamily(
                "ml_rest_api_model",
                "The model: its name, __version__, and the SHA-256 checksum of all its files",
                {
                    "name": self._predictor.name,
                    "version": self._predictor.version or "unknown",
                    "digest": digest,
                },
            )
