"""FastAPI: a typed body and a function in its thread pool, as in its documentation."""

import os
from typing import Any

import joblib
import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

model = joblib.load(os.environ["BENCH_MODEL"])
app = FastAPI()


class Row(BaseModel):
    x1: float
    x2: float
    x3: float
    x4: float


class Prediction(BaseModel):
    probability: float


def predict(row: Row) -> Prediction:
    chances = model.predict_proba(np.array([[row.x1, row.x2, row.x3, row.x4]]))
    return Prediction(probability=chances[0, 1])


def predict_batch(rows: list[Row]) -> list[Prediction]:
    table = np.array([[row.x1, row.x2, row.x3, row.x4] for row in rows])
    chances = model.predict_proba(table)[:, 1].tolist()
    return [Prediction(probability=chance) for chance in chances]


async def predict_in_loop(row: Row) -> Prediction:
    return predict(row)


endpoint: Any = predict_in_loop if os.environ.get("BENCH_ASYNC") else predict
app.post("/predict")(endpoint)
app.post("/predict_batch")(predict_batch)
