"""Prometheus metrics of the model's calls: how long they wait, how long they take, their rows."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from app.observability.metrics import SECONDS_BUCKETS

_ROWS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 1024, 4096, 16_384, 65_536)


class ModelMetrics:
    """What is observed in the threads of the model."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        """Expose it in `registry`; nowhere without one."""
        self._batch_size = Histogram(
            "ml_rest_api_batch_size",
            "Rows in one call of the model",
            buckets=_ROWS_BUCKETS,
            registry=registry,
        )
        self._queue_seconds = Histogram(
            "ml_rest_api_queue_seconds",
            "Time that a request waits for the model, from its complete body to the call",
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self._model_seconds = Histogram(
            "ml_rest_api_model_seconds",
            "Time of one call of the model: run_batch() with a batch, or run() with a row",
            buckets=SECONDS_BUCKETS,
            registry=registry,
        )
        self._rows = Counter(
            "ml_rest_api_rows",
            "Rows that the model has predicted, or failed for",
            registry=registry,
        )

    def observe_wait(self, seconds: float) -> None:
        """Record for how long a request has waited until its first row is predicted."""
        self._queue_seconds.observe(seconds)

    def observe_call(self, rows: int, seconds: float) -> None:
        """Record a call of the model, whatever becomes of it."""
        self._batch_size.observe(rows)
        self._model_seconds.observe(seconds)

    def count_rows(self, rows: int) -> None:
        """Count rows whose outcome is known."""
        self._rows.inc(rows)
