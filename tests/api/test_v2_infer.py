"""Predictions by the Open Inference Protocol V2."""

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.config.settings import Settings
from app.factory import create_app
from tests.api.irises import CLASSES, FLOWERS, LENGTH, TABLE, VALUES, binary_request
from tests.helpers import ECHO, PREDICT, ROOT, VALID, make_client

ECHO_DATATYPES = ["INT32", "FP32", "BYTES", "BOOL", "BYTES", "BYTES"]
INFER = "/v2/models/ml_trained_model/infer"
DATATYPES = {
    "docks": "INT64",
    "temperature": "FP64",
    "holiday": "BOOL",
    "weather": "BYTES",
    "opened": "BYTES",
    "at": "BYTES",
}
BIKES = {
    "docks": 24,
    "temperature": 21.5,
    "holiday": False,
    "weather": "clear",
    "opened": "2023-04-01",
    "at": "2025-06-05T17:30:00Z",
}


def tensors(rows: list[dict[str, Any]], *datatypes: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "shape": [len(rows), 1],
            "datatype": datatype,
            "data": [row[name] for row in rows],
        }
        for name, datatype in zip(rows[0], datatypes, strict=True)
    ]


def infer(client: FlaskClient, path: str = INFER, **request: Any) -> Any:
    response = client.post(path, **request)
    assert response.status_code == 200, response.json
    return response.json


def error_of(client: FlaskClient, status: int = 400, **request: Any) -> str:
    response = client.post(INFER, **request)
    assert response.status_code == status, response.json
    ((key, message),) = json.loads(response.data).items()
    assert key == "error"
    assert "\n" not in message
    return str(message)


def test_a_table_of_numbers_is_predicted(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    body = {"id": "7", "inputs": [TABLE]}
    expected = {
        "model_name": "ml_trained_model",
        "model_version": "1.2",
        "id": "7",
        "outputs": [CLASSES],
    }
    assert infer(client, json=body) == expected
    assert infer(client, "/v2/models/ml_trained_model/versions/1.2/infer", json=body) == expected
    assert infer(client, data=json.dumps(body)) == expected  # no Content-Type
    assert "id" not in infer(client, json={"inputs": [TABLE]})


def test_a_model_without_a_version_has_none_in_the_response(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    response = infer(client, json={"inputs": tensors([VALID], *ECHO_DATATYPES)})
    assert response.keys() == {"model_name", "outputs"}


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_binary_tensors_are_predicted(tmp_path: Path, encoding: str) -> None:
    client = make_client(tmp_path, FLOWERS)
    data, headers = binary_request(VALUES)
    encode: Callable[[bytes], bytes] = gzip.compress if encoding == "gzip" else bytes
    headers |= {"Content-Encoding": encoding}
    assert infer(client, data=encode(data), headers=headers)["outputs"] == [CLASSES]


@pytest.mark.parametrize("length", ["0", "-1", "+1", "1_0", "x", "9" * 5000, "10000", "²"])
def test_a_wrong_length_of_the_json_is_rejected(tmp_path: Path, length: str) -> None:
    client = make_client(tmp_path, FLOWERS)
    error_of(client, json={"inputs": [TABLE]}, headers={LENGTH: length})


def test_the_numbers_are_those_of_the_native_api() -> None:
    folder = str(ROOT / "model")
    served = create_app(Settings(MODEL_DIR=folder, MULTITHREADED_INIT=False, INIT_RETRIES=0))
    served.predictor.start()
    client = served.test_client()
    rows = [BIKES, {**BIKES, "weather": "rain", "docks": 12}, {**BIKES, "temperature": -3}]
    native = [client.post(PREDICT, json=row).get_json()["bikes"] for row in rows]
    output = {"name": "bikes", "datatype": "FP64"}
    request = {"inputs": tensors(rows, *DATATYPES.values())}
    assert infer(client, json=request)["outputs"] == [{**output, "shape": [3], "data": native}]
    metadata = client.get("/v2/models/ml_trained_model").get_json()
    assert {it["name"]: it["datatype"] for it in metadata["inputs"]} == DATATYPES
    assert metadata["outputs"] == [{**output, "shape": [-1]}]
    assert metadata["versions"] == ["1.0"]
    rows[1]["weather"] = "fog"
    wrong = error_of(client, json={"inputs": tensors(rows, *DATATYPES.values())})
    assert wrong.startswith("Input payload validation failed: 1.weather: 'fog' is not one of")


def test_run_gets_and_returns_values_of_each_type(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    outputs = infer(client, json={"inputs": tensors([VALID], *ECHO_DATATYPES)})["outputs"]
    assert {it["name"]: it["data"] for it in outputs} == {it: [VALID[it]] for it in VALID}
    assert [it["datatype"] for it in outputs] == ["INT64", "FP64", "BYTES", "BOOL"] + ["BYTES"] * 2


def test_wrong_rows_are_named_by_their_index(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    table = {**TABLE, "data": [1, 2, 3, 4, 5, None, 7, 8]}
    failed = "Input payload validation failed: 1."
    assert error_of(client, json={"inputs": [table]}) == (
        f"{failed}sepal_width: null is not of type 'number'"
    )
    data, headers = binary_request([*VALUES[:7], math.nan])
    assert error_of(client, data=data, headers=headers) == (
        f"{failed}petal_width: nan is not of type 'number'"
    )


def test_the_names_of_outputs_select_them(tmp_path: Path) -> None:
    source = """
        def sample():
            return {"x": 1.5}

        def run(input_data):
            return {"a": 1, "b": [0.5, input_data["x"]]}
    """
    client = make_client(tmp_path, source)
    body: dict[str, Any] = {"inputs": tensors([{"x": 2.5}], "FP64")}
    for outputs in (None, list[Any]()):
        assert len(infer(client, json={**body, "outputs": outputs})["outputs"]) == 2
    body["outputs"] = [{"name": "b", "parameters": {"binary_data": True}}]
    assert infer(client, json=body)["outputs"] == [
        {"name": "b", "datatype": "FP64", "shape": [1, 2], "data": [0.5, 2.5]}
    ]
    body["outputs"] = [{"name": "c"}]
    assert error_of(client, json=body) == "There is no output 'c', but a, b"


def test_no_rows_have_no_predictions(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    response = infer(client, json={"inputs": [{**TABLE, "shape": [0, 4], "data": []}]})
    assert response["outputs"] == [{**CLASSES, "shape": [0], "data": []}]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"inputs": {}},
        {"inputs": []},
        {"inputs": [TABLE], "id": 7},
        {"inputs": [TABLE], "outputs": {}},
        {"inputs": [TABLE], "outputs": ["predict"]},
        {"inputs": [TABLE], "outputs": [{"name": 1}]},
        {"inputs": [TABLE], "outputs": False},
    ],
)
def test_a_malformed_request_is_rejected(tmp_path: Path, body: Any) -> None:
    error_of(make_client(tmp_path, FLOWERS), json=body)


def test_an_empty_body_is_rejected(tmp_path: Path) -> None:
    assert error_of(make_client(tmp_path, FLOWERS), data=b"").startswith("The body is empty")


def test_more_rows_than_max_rows_are_too_many(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS, MAX_ROWS=1)
    assert (
        error_of(client, 413, json={"inputs": [TABLE]})
        == "The body has more than 1 rows: send fewer at once"
    )


def test_without_validation_tensors_may_be_missing(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, RESTX_VALIDATE=False)
    (output,) = infer(client, json={"inputs": tensors([{"int_param": "a"}], "BYTES")})["outputs"]
    assert (output["name"], output["data"]) == ("int_param", ["a"])


def test_the_only_output_has_the_name_that_is_asked_for(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    body = infer(client, json={"inputs": [TABLE], "outputs": [{"name": "output-0"}]})
    assert body["outputs"] == [{**CLASSES, "name": "output-0"}]


def test_names_of_no_parameter_do_not_grow_with_the_rows_without_a_bound(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, MAX_CONTENT_LENGTH=100_000)
    extra = {"name": "n" * 1000, "shape": [101], "datatype": "INT64", "data": [1] * 101}
    body = {"inputs": [*tensors([VALID] * 101, *ECHO_DATATYPES), extra]}
    assert "too many rows for the length" in error_of(client, 413, json=body)
    body = {
        "inputs": [
            *tensors([VALID] * 99, *ECHO_DATATYPES),
            {**extra, "shape": [99], "data": [1] * 99},
        ]
    }
    assert infer(client, json=body)["outputs"][-1]["shape"] == [99]
