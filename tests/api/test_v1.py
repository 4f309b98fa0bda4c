"""KServe's V1 protocol, by the application."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.example_model import NAME, ROWS, example_client, native_predictions
from tests.helpers import ECHO, GATED_INIT, VALID, eventually, make_app, make_client

MODELS = "/v1/models"
MODEL = f"{MODELS}/{NAME}"
PREDICT_V1 = f"{MODEL}:predict"
LISTS = "def sample():\n    return {'features': [1.5]}\n\ndef run(row):\n    return sum(row['features'])\n"


@pytest.fixture(scope="module")
def example() -> FlaskClient:
    return example_client()


def post(client: FlaskClient, *instances: Any, **more: Any) -> Any:
    response = client.post(PREDICT_V1, json={"instances": instances, **more})
    assert response.status_code == 200, response.json
    return response.json


@pytest.mark.parametrize(
    "instance",
    [
        pytest.param(lambda row: row, id="objects"),
        pytest.param(lambda row: {name: [value] for name, value in row.items()}, id="lists of one"),
        pytest.param(lambda row: list(row.values()), id="lists in the parameters' order"),
    ],
)
def test_each_form_of_an_instance_is_predicted_as_by_the_native_api(
    example: FlaskClient, instance: Any
) -> None:
    instances = [instance(row) for row in ROWS]
    expected = native_predictions(example)
    assert len({str(it) for it in expected["predictions"]}) == 2
    assert post(example, *instances) == expected


def test_vertex_ais_parameters_are_ignored(example: FlaskClient) -> None:
    assert post(example, *ROWS, parameters={"a": 1}) == native_predictions(example)


def test_no_instances_have_no_predictions(client: FlaskClient) -> None:
    assert post(client) == {"predictions": []}


def test_the_features_of_a_row_may_be_the_instance(tmp_path: Path) -> None:
    client = make_client(tmp_path, LISTS)
    assert post(client, [6.8, 2.8], [[1]], {"features": [2]}) == {"predictions": [9.6, 1.0, 2.0]}


def test_a_model_without_a_sample_takes_objects(tmp_path: Path) -> None:
    client = make_client(tmp_path, "def run(row):\n    return row\n")
    assert post(client, {"a": [1]}) == {"predictions": [{"a": [1]}]}
    response = client.post(PREDICT_V1, json={"instances": [{}, [1]]})
    assert response.status_code == 400
    assert response.json is not None
    assert "1: the model does not name its parameters: send an object" in response.json["error"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "application/json; charset=utf-8",
        "application/ld+json",
        "application/octet-stream",
    ],
)
def test_what_kserve_takes_for_json_is_taken(client: FlaskClient, content_type: str | None) -> None:
    body = "\ufeff" + json.dumps({"instances": [VALID]})
    response = client.post(PREDICT_V1, data=body.encode(), content_type=content_type)
    assert (response.status_code, response.json) == (200, {"predictions": [VALID]})


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded"])
def test_other_types_are_refused(client: FlaskClient, content_type: str) -> None:
    response = client.post(PREDICT_V1, data=b"{}", content_type=content_type)
    assert (response.status_code, response.json) == (
        415,
        {"error": "Send the body as Content-Type: application/json"},
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, 'instances is missing: send {"instances": […]}'),
        ([], 'The body is not an object: send {"instances": […]}'),
        ({"instances": {}}, 'instances is not a list: send {"instances": […]}'),
    ],
)
def test_a_body_without_instances_is_refused(client: FlaskClient, body: Any, message: str) -> None:
    response = client.post(PREDICT_V1, json=body)
    assert (response.status_code, response.json) == (400, {"error": message})


@pytest.mark.parametrize("body", [b"", b"{", b'{"instances": [NaN]}', b"\xff"])
def test_a_body_that_is_not_json_is_refused(client: FlaskClient, body: bytes) -> None:
    response = client.post(PREDICT_V1, data=body, content_type="application/json")
    assert response.status_code == 400
    assert response.json is not None
    assert [*response.json] == ["error"]


def test_errors_name_their_rows(example: FlaskClient) -> None:
    wrong = [ROWS[0], {**ROWS[0], "weather": ["fog"]}, 5, {**ROWS[0], "docks": [1, 2]}]
    response = example.post(PREDICT_V1, json={"instances": wrong})
    assert response.status_code == 400
    assert response.json is not None
    error = response.json["error"]
    for expected in ("1.weather: 'fog' is not one of", "2: 5 is not of type 'object'", "3.docks: "):
        assert expected in error
    assert "0" not in error.split(": ")[1]


def test_a_list_of_a_wrong_length_names_its_row(example: FlaskClient) -> None:
    instances = [[*ROWS[0].values()], [1, 2]]
    response = example.post(PREDICT_V1, json={"instances": instances})
    assert (response.status_code, response.json) == (
        400,
        {
            "error": "Input payload validation failed: 1: 2 values for 6 parameters: "
            "send docks, temperature, holiday, weather, opened, at"
        },
    )


def test_more_than_max_rows_are_too_many(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, MAX_ROWS=2)
    assert len(post(client, VALID, VALID)["predictions"]) == 2
    response = client.post(PREDICT_V1, json={"instances": [VALID] * 3})
    assert (response.status_code, response.json) == (
        413,
        {"error": "The body has more than 2 rows: send fewer at once"},
    )


def test_models_and_their_readiness_are_listed(client: FlaskClient) -> None:
    for path, body in (
        (MODELS, {"models": [NAME]}),
        (MODEL, {"name": NAME, "ready": True}),
    ):
        response = client.get(path)
        assert (response.status_code, response.json) == (200, body)
        assert response.content_type == "application/json"  # what KServe's client compares
        assert client.head(path).status_code == 200


def test_another_model_is_not_found(client: FlaskClient) -> None:
    expected = {"error": "There is no model 'other': the model here is 'ml_trained_model'"}
    for response in (
        client.get("/v1/models/other"),
        client.post("/v1/models/other:predict", json={"instances": []}),
    ):
        assert (response.status_code, response.json) == (404, expected)


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", PREDICT_V1, {"POST"}), ("POST", MODEL, {"GET", "HEAD"})]
)
def test_a_wrong_method_is_told_the_right_ones(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert {*response.headers["Allow"].split(", ")} - {"OPTIONS"} == allowed
    assert response.json == {"error": "The method is not allowed for the requested URL."}


def test_the_model_has_its_configured_name(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, MODEL_NAME="fraud")
    assert client.get(MODELS).json == {"models": ["fraud"]}
    assert client.get("/v1/models/fraud").json == {"name": "fraud", "ready": True}
    response = client.post("/v1/models/fraud:predict", json={"instances": [VALID]})
    assert response.json == {"predictions": [VALID]}


def test_a_model_is_not_ready_before_it_is_loaded(tmp_path: Path) -> None:
    client = make_client(tmp_path, GATED_INIT, MULTITHREADED_INIT=True)
    not_ready = {"error": "Server Not Ready"}
    for response in (client.get(MODEL), client.post(PREDICT_V1, json={"instances": []})):
        assert (response.status_code, response.json) == (503, not_ready)
        assert response.headers["Retry-After"]
    (tmp_path / "gate").touch()
    eventually(lambda: client.get(MODEL).status_code == 200)


def test_a_name_that_is_not_known_yet_is_not_ready(tmp_path: Path) -> None:
    client = make_client(tmp_path, "import missing\n", TRAINED_MODEL_MODULE_NAME="")
    assert client.get(MODELS).json == {"models": []}
    assert client.get(MODEL).status_code == 503


def test_a_draining_model_is_not_ready_but_predicts(tmp_path: Path) -> None:
    app = make_app(tmp_path, ECHO)
    client = app.test_client()
    app.predictor.drain()
    assert client.get(MODEL).status_code == 503
    assert post(client, VALID) == {"predictions": [VALID]}


def test_the_protocol_can_be_switched_off(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, PROTOCOLS="v2")
    assert client.get(MODEL).status_code == 404
    assert client.post(PREDICT_V1, json={"instances": [VALID]}).status_code == 404
