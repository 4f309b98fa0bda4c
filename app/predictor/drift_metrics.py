"""Prometheus metrics of a model's profile: what is counted by it, and what it expects."""

from collections.abc import Iterator
from functools import cache

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.predictor.predictor import Predictor


class DriftCounter:
    """Counts values by the bins of the profile, if the model has one."""

    def __init__(self, predictor: Predictor, registry: CollectorRegistry) -> None:
        """Expose the counts of the model in `registry`."""
        self._predictor = predictor
        counter = Counter(
            "ml_rest_api_profile_values",
            "Values of predicted rows and of their answers, by the bins of the model's profile",
            ("source", "name", "bin"),
            registry=registry,
        )
        self._labels = cache(counter.labels)

    def publish(self) -> None:
        """Count what has come since the last time."""
        model = self._predictor.model
        if model and model.drift:
            model.drift.flush(self.add)

    def add(self, source: str, name: str, bin_: str, number: int) -> None:
        """Count values of one bin.

        Args:
            source: `input` or `answer`.
            name: whose values they are.
            bin_: one of those that the name has.
            number: how many.

        """
        self._labels(source, name, bin_).inc(number)


class ExpectedShares(Collector):
    """Collects the share of each bin in the training data: the same in all processes."""

    def __init__(self, predictor: Predictor) -> None:
        """Read from `predictor`."""
        self._predictor = predictor

    def collect(self) -> Iterator[Metric]:
        """Yield the shares, if the model has a profile."""
        model = self._predictor.model
        if model and model.drift:
            gauge = GaugeMetricFamily(
                "ml_rest_api_profile_expected_ratio",
                "The share of each bin of the model's profile in the training data",
                labels=["source", "name", "bin"],
            )
            for source, name, bins in model.drift.profile:
                for label, share in zip(bins.labels, bins.expected, strict=True):
                    gauge.add_metric([source, name, label], share)
            yield gauge
