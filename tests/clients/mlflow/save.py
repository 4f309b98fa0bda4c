"""Saves a model with MLflow: see test_mlflow.py."""

import json
import sys

import mlflow.sklearn
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def main():
    given = json.loads(sys.argv[1])
    table, classes = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=1000).fit(table, classes)
    mlflow.sklearn.save_model(
        model,
        given["folder"],
        input_example=table[:2],
        serialization_format=given["format"],
        pip_requirements=[],
    )
    probabilities = model.predict_proba(table[:1])[0].tolist()
    json.dump({"row": table.iloc[0].to_dict(), "probabilities": probabilities}, sys.stdout)


if __name__ == "__main__":
    main()
