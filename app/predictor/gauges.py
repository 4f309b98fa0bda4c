"""Prometheus gauges of the model, read when they are scraped."""

from collections.abc import Iterator

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.predictor.predictor import Predictor
from app.predictor.state import State


class PredictorCollector(Collector):
    """Collects the model's state and the number of pending predictions."""

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
