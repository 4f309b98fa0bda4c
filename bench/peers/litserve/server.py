"""LitServe, with or without batching: `python server.py PORT`."""

import os
import sys
from typing import Any

import joblib
import litserve
import numpy as np


class Classifier(litserve.LitAPI):
    def setup(self, device: str) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    def decode_request(self, request: dict[str, float]) -> list[float]:
        return [request["x1"], request["x2"], request["x3"], request["x4"]]

    def predict(self, x: Any) -> Any:
        """Predict for one row, or for a batch of rows."""
        return self.model.predict_proba(np.atleast_2d(x))[:, 1]

    def encode_response(self, output: Any) -> dict[str, float]:
        return {"probability": float(np.ravel(output)[0])}


if __name__ == "__main__":
    batching: dict[str, Any] = {}
    if "BENCH_BATCH" in os.environ:
        batching = {"max_batch_size": int(os.environ["BENCH_BATCH"])}
        batching["batch_timeout"] = float(os.environ["BENCH_BATCH_SECONDS"])
    server = litserve.LitServer(
        Classifier(**batching),
        accelerator="cpu",
        workers_per_device=int(os.environ["BENCH_WORKERS"]),
        fast_queue="BENCH_FAST_QUEUE" in os.environ,
    )
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=int(os.environ["BENCH_API_SERVERS"]),
        generate_client_file=False,
        log_level="warning",
    )
