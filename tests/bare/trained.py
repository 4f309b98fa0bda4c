"""Trained models of every kind, in the files that their libraries write, and what each predicts."""

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
IRIS.columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
ROW = dict(zip(IRIS.columns, (6.1, 2.9, 4.7, 1.4), strict=True))

_random = np.random.default_rng(0)
PAYMENTS = pd.DataFrame(
    {
        "id": range(300),
        "amount": _random.gamma(2, 50, 300),
        "age": _random.integers(18, 90, 300).astype(float),
        "country": _random.choice(["NL", "BE", "DE"], 300),
        "device": _random.choice(["phone", "web"], 300),
    }
)
FRAUD = np.where(PAYMENTS["amount"] > 90, "fraud", "ok")
PAYMENT = {"amount": 120.5, "age": 40.0, "country": "NL", "device": "web"}


def fraud_pipeline() -> Pipeline:
    """Return a pipeline that was trained with a DataFrame; it does not use the column `id`."""
    columns = ColumnTransformer(
        [
            ("amount", make_pipeline(SimpleImputer(), StandardScaler()), ["amount"]),
            ("age", MinMaxScaler(), ["age"]),
            ("country", OneHotEncoder(), ["country"]),
            (
                "device",
                make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
                ["device"],
            ),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(PAYMENTS, FRAUD)


def iris_forest() -> RandomForestClassifier:
    """Return a forest that was trained with a DataFrame."""
    return RandomForestClassifier(10, random_state=1).fit(IRIS, NAMES)


def save(folder: Path, model: Any, name: str = "model.joblib") -> Path:
    """Save a model with joblib; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    joblib.dump(model, file)
    return file


def answer_of(model: Any, rows: Any) -> dict[str, Any]:
    """Return what a classifier answers for the only one of these rows, by its own methods."""
    (prediction,) = np.ravel(model.predict(rows)).tolist()
    (probabilities,) = model.predict_proba(rows).tolist()
    keys = [value if isinstance(value, str) else str(value) for value in model.classes_.tolist()]
    return {"prediction": prediction, "probabilities": dict(zip(keys, probabilities, strict=True))}
