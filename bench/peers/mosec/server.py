"""mosec: one stage whose processes predict for a batch: `python server.py --port PORT`."""

import os
from typing import Any

import joblib
import numpy as np
from mosec import Server, Worker


class Classifier(Worker):
    def __init__(self) -> None:
        self.model: Any = joblib.load(os.environ["BENCH_MODEL"])

    def forward(self, data: Any) -> Any:
        """Predict for one row, or for a batch of rows."""
        rows = data if isinstance(data, list) else [data]
        table = np.array([[row["x1"], row["x2"], row["x3"], row["x4"]] for row in rows])
        answers = [
            {"probability": chance} for chance in self.model.predict_proba(table)[:, 1].tolist()
        ]
        return answers if isinstance(data, list) else answers[0]


if __name__ == "__main__":
    server = Server()
    server.append_worker(
        Classifier,
        num=int(os.environ["BENCH_WORKERS"]),
        max_batch_size=int(os.environ["BENCH_BATCH"]),
        max_wait_time=int(os.environ["BENCH_BATCH_MS"]),
        route="/predict",
    )
    server.run()
