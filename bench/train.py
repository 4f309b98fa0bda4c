"""Train the two models that every server serves, with a fixed seed: `python -m bench.train`.

`python -m bench.train large` trains the model that bench/memory.py uses.
"""

import sys
from pathlib import Path

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent / "models"
SEED = 1
ROWS = 64
BATCHES, BATCH_ROWS = 8, 1000


def data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return 4000 rows of four features, and their classes."""
    features, classes = make_classification(
        4000, n_features=4, n_informative=3, n_redundant=1, flip_y=0.1, random_state=SEED
    )
    return features.round(3), classes


def main() -> None:
    """Train and save both models, and what to send with the expected predictions.

    rows.joblib has single rows, batches.joblib has lists of rows.
    """
    features, classes = data()
    models = {
        "cheap": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestClassifier(100, n_jobs=1, random_state=SEED),
    }
    random = np.random.default_rng(SEED)
    batches = [random.choice(features, BATCH_ROWS, replace=False) for _ in range(BATCHES)]
    rows = features[:ROWS]
    expected, expected_batches = {}, {}
    for name, model in models.items():
        joblib.dump(model.fit(features, classes), FOLDER / f"{name}.joblib")
        expected[name] = model.predict_proba(rows)[:, 1]
        expected_batches[name] = [model.predict_proba(it)[:, 1].tolist() for it in batches]
    joblib.dump({"rows": rows.tolist(), **expected}, FOLDER / "rows.joblib")
    joblib.dump(
        {"batches": [it.tolist() for it in batches], **expected_batches}, FOLDER / "batches.joblib"
    )


def large() -> None:
    """Train and save a forest of about 150 MB; its classes are random, so its trees are deep."""
    random = np.random.default_rng(SEED)
    features, classes = random.normal(size=(40_000, 4)), random.integers(2, size=40_000)
    forest = RandomForestClassifier(100, n_jobs=1, random_state=SEED)
    joblib.dump(forest.fit(features, classes), FOLDER / "large.joblib")


if __name__ == "__main__":
    large() if sys.argv[1:] == ["large"] else main()
