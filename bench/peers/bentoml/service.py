"""BentoML: one service with a batchable API."""

import os
from typing import Annotated, Any

import bentoml
import joblib
from bentoml.validators import DType, Shape
from numpy import ndarray


@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]), logging={"access": {"enabled": False}})
class Classifier:
    def __init__(self) -> None:
        self.model: Any = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api(
        batchable=True,
        max_batch_size=int(os.environ["BENCH_BATCH"]),
        max_latency_ms=int(os.environ["BENCH_LATENCY_MS"]),
    )
    def predict(
        self, rows: Annotated[ndarray, Shape((-1, 4)), DType("float64")]
    ) -> Annotated[ndarray, Shape((-1,)), DType("float64")]:
        return self.model.predict_proba(rows)[:, 1]
