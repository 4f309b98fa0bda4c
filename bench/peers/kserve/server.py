"""KServe's Python server with a custom model class: `python server.py --http_port PORT`."""

import argparse
import os
from typing import Any

import joblib
import kserve
import numpy as np


class Classifier(kserve.Model):
    def load(self) -> bool:
        self.model = joblib.load(os.environ["BENCH_MODEL"])
        self.ready = True
        return self.ready

    def predict(self, payload: dict[str, Any], *_args: Any, **_options: Any) -> dict[str, Any]:
        chances = self.model.predict_proba(np.array(payload["instances"]))
        return {"predictions": chances[:, 1].tolist()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        parents=[kserve.model_server.parser], conflict_handler="resolve"
    )
    args, _ = parser.parse_known_args()
    model = Classifier("bench")
    model.load()
    kserve.ModelServer(workers=args.workers).start([model])
