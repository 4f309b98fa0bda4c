"""How each server takes many rows in one request; the others take one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.servers import FEATURES

Rows = list[list[float]]


@dataclass(frozen=True)
class BatchForm:
    """One form of a request with many rows.

    Attributes:
        server: the key of the server.
        text: what the body has.
        path: to post to; {model} is the model's name.
        body: of these rows, to be sent as JSON.
        parse_response: returns the predictions.
        env: further environment variables for the server.

    """

    server: str
    text: str
    path: str
    body: Callable[[Rows], object]
    parse_response: Callable[[Any], list[float]]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What its values are called in the results."""
        return f"{self.server}, {self.text}"


def _objects(rows: Rows) -> list[dict[str, float]]:
    return [dict(zip(FEATURES, row, strict=True)) for row in rows]


def _probabilities(predictions: list[dict[str, float]]) -> list[float]:
    return [prediction["probability"] for prediction in predictions]


def _tensor(name: str, shape: list[int], data: list[float]) -> dict[str, object]:
    return {"name": name, "shape": shape, "datatype": "FP64", "data": data}


def _columns(rows: Rows) -> dict[str, object]:
    columns = zip(FEATURES, zip(*rows, strict=True), strict=True)
    return {"inputs": [_tensor(name, [len(rows)], list(column)) for name, column in columns]}


def _table(rows: Rows) -> dict[str, object]:
    values = [value for row in rows for value in row]
    return {
        "inputs": [_tensor("x", [len(rows), len(FEATURES)], values)],
        "outputs": [{"name": "predict_proba"}],
    }


OURS = BatchForm(
    "ours-1",
    "predict_batch",
    "/api/model/predict_batch",
    lambda rows: {"rows": _objects(rows)},
    lambda response: _probabilities(response["predictions"]),
)
FORMS = (
    OURS,
    BatchForm(
        "ours-1",
        "V1, rows as lists",
        "/v1/models/{model}:predict",
        lambda rows: {"instances": rows},
        lambda response: _probabilities(response["predictions"]),
    ),
    BatchForm(
        "ours-1",
        "V2, a tensor for each parameter",
        "/v2/models/{model}/infer",
        _columns,
        lambda response: list(response["outputs"][0]["data"]),
    ),
    BatchForm("fastapi-1", "a list of typed rows", "/predict_batch", _objects, _probabilities),
    BatchForm(
        "mlserver-0",
        "V2, one tensor",
        "/v2/models/bench/infer",
        _table,
        lambda response: list(response["outputs"][0]["data"][1::2]),  # of both classes in turn
        {"MLSERVER_MODEL_MAX_BATCH_SIZE": "0"},  # else it waits for more requests
    ),
    BatchForm(
        "kserve-1",
        "V1, rows as lists",
        "/v1/models/bench:predict",
        lambda rows: {"instances": rows},
        lambda response: list(response["predictions"]),
    ),
    BatchForm(
        "mlflow-1",
        "rows as arrays",
        "/invocations",
        lambda rows: {"inputs": rows},
        lambda response: [chances[1] for chances in response["predictions"]],
    ),
    BatchForm(
        "bentoml-1",
        "rows as an array",
        "/predict",
        lambda rows: {"rows": rows},
        lambda response: [float(chance) for chance in response],
        {"BENCH_BATCH": "1000"},  # rows
    ),
)
