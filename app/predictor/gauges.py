"""Prometheus gauges of the model: its state, its load, its identity, how busy it is."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from app.observability.metrics import Metrics
from app.predictor.drift_metrics import DriftCounter, ExpectedShares
from app.predictor.predictor import Predictor
from app.predictor.state import State

# Name to the help text, and to what becomes of the values of several processes.
_GAUGES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ml_rest_api_predictions_pending": (
            "Requests whose predictions are running or waiting",
            "livesum",
        ),
        "ml_rest_api_saturation": (
            "Pending predictions as a share of MAX_PENDING: at 1, further ones get 503",
            "livesum",
        ),
        "ml_rest_api_model_load_seconds": (
            "Time of the latest load: import, init() and self-test, without failed attempts",
            "livemax",
        ),
        "ml_rest_api_self_test_ok": (
            "1 if the model has passed its self-test, 0 if it has failed it",
            "livemin",
        ),
    }
)


class ModelGauges:
    """Publishes what is known of the model; a gauge is there once its value is known."""

    def __init__(self, predictor: Predictor, registry: CollectorRegistry, capacity: int) -> None:
        """Publish in a registry.

        Args:
            predictor: the model.
            registry: is scraped for all processes.
            capacity: pending predictions at which all processes together are saturated.

        """
        self._predictor = predictor
        self._registry = registry
        self._capacity = capacity
        self._gauges: dict[str, Gauge] = {}
        self._state = Gauge(
            "ml_rest_api_model_state",
            "1 for the state that the model is in; of several processes, for the state of each",
            ["state"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def publish(self) -> None:
        """Set the gauges of this process."""
        for state in State:
            self._state.labels(state.value).set(state is self._predictor.status.state)
        for name, value in self._values().items():
            if value is not None:
                self._gauge(name).set(value)

    def _values(self) -> dict[str, float | None]:
        pending = len(self._predictor.calls)
        return {
            "ml_rest_api_predictions_pending": pending,
            "ml_rest_api_saturation": pending / self._capacity,
            "ml_rest_api_model_load_seconds": self._predictor.loader.seconds or None,
            "ml_rest_api_self_test_ok": self._predictor.loader.passes_self_test,
        }

    def _gauge(self, name: str) -> Gauge:
        if name not in self._gauges:
            text, mode = _GAUGES[name]
            self._gauges[name] = Gauge(name, text, registry=self._registry, multiprocess_mode=mode)  # type: ignore[arg-type]
        return self._gauges[name]


class ModelInfo(Collector):
    """Collects which model it is: the same in all processes."""

    def __init__(self, predictor: Predictor) -> None:
        """Read from `predictor`."""
        self._predictor = predictor

    def collect(self) -> Iterator[Metric]:
        """Yield the information, once it is known."""
        if self._predictor.model and (digest := self._predictor.files.digest):
            yield InfoMetricFamily(
                "ml_rest_api_model",
                "The model: its name, __version__, and the SHA-256 checksum of all its files",
                {
                    "name": self._predictor.name,
                    "version": self._predictor.version or "unknown",
                    "sha256": digest,
                },
            )


def publish_gauges(predictor: Predictor, metrics: Metrics, capacity: int) -> None:
    """Add to the metrics what is known of a model; `capacity` as ModelGauges has it."""
    metrics.publishers.append(ModelGauges(predictor, metrics.shared, capacity).publish)
    metrics.publishers.append(DriftCounter(predictor, metrics.shared).publish)
    metrics.own.register(ModelInfo(predictor))
    metrics.own.register(ExpectedShares(predictor))
