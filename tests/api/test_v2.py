"""The Open Inference Protocol V2 over REST: what it tells of the server and the model."""

from pathlib import Path

import pytest
import requests

import app
from tests.api.irises import CLASSES, FLOWERS, LENGTH, TABLE, VALUES, binary_request
from tests.helpers import eventually, make_client, serving, write_module

GATE = """
    import time
    from pathlib import Path

    FOLDER = Path(__file__).parent

    def init():
        (FOLDER / "started").touch()
        while not (FOLDER / "gate").exists():
            time.sleep(0.01)
"""


def test_the_server_describes_itself(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    for path in ("/v2", "/v2/"):
        response = client.get(path)
        assert response.status_code == 200
        assert response.json == {
            "name": "ml-rest-api",
            "version": app.__version__,
            "extensions": [],
        }
    assert client.get("/v2/health/live").json == {"live": True}
    assert client.get("/v2/health/ready").json == {"ready": True}
    assert client.get("/v2/models").json == {"models": ["ml_trained_model"]}


def test_the_metadata_tell_the_tensors(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS)
    expected = {
        "name": "ml_trained_model",
        "versions": ["1.2"],
        "platform": "python",
        "inputs": [
            {"name": name, "datatype": "FP64", "shape": [-1]}
            for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")
        ],
        "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1]}],
    }
    assert client.get("/v2/models/ml_trained_model").json == expected
    assert client.get("/v2/models/ml_trained_model/versions/1.2").json == expected
    for version in ("", "/versions/1.2"):
        response = client.get(f"/v2/models/ml_trained_model{version}/ready")
        assert response.json == {"name": "ml_trained_model", "ready": True}


@pytest.mark.parametrize("name", ["other", "ml_trained_model/versions/1.3"])
def test_another_model_or_version_is_not_found(tmp_path: Path, name: str) -> None:
    client = make_client(tmp_path, FLOWERS)
    responses = [client.get(f"/v2/models/{name}{it}") for it in ("", "/ready")]
    responses.append(client.post(f"/v2/models/{name}/infer", json={"inputs": [TABLE]}))
    for response in responses:
        assert response.status_code == 404
        assert response.get_json().keys() == {"error"}


def test_a_model_that_failed_to_load_is_alive_and_described_but_not_ready(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS + "    def init():\n        1 / 0\n")
    assert client.get("/v2/health/live").status_code == 200
    assert len(client.get("/v2/models/ml_trained_model").get_json()["inputs"]) == 4
    for path in ("/v2/health/ready", "/v2/models/ml_trained_model/ready"):
        response = client.get(path)
        assert (response.status_code, response.json) == (503, {"error": "Server Not Ready"})


def test_the_protocol_can_be_switched_off(tmp_path: Path) -> None:
    client = make_client(tmp_path, FLOWERS, PROTOCOLS="v1,invocations")
    assert client.get("/v2/health/live").status_code == 404


def test_gunicorn_serves_the_protocol_while_the_model_loads_and_afterwards(tmp_path: Path) -> None:
    write_module(tmp_path, FLOWERS + GATE)
    with serving(tmp_path, wait=False, MODEL_NAME="iris") as server:

        def post(path: str = "/v2/models/iris/infer", **request: object) -> requests.Response:
            return requests.post(server.url + path, timeout=20, **request)  # type: ignore[arg-type]

        eventually((tmp_path / "started").exists)
        assert server.get("/v2/health/live").json() == {"live": True}
        assert server.get("/v2/models/iris").json()["name"] == "iris"
        not_ready = [server.get(path) for path in ("/v2/health/ready", "/v2/models/iris/ready")]
        for response in [*not_ready, post(json={"inputs": [TABLE]})]:
            assert (response.status_code, response.json()) == (503, {"error": "Server Not Ready"})
            assert int(response.headers["Retry-After"]) > 0
        (tmp_path / "gate").touch()
        eventually(server.is_ready)

        assert server.get("/v2/health/ready").json() == {"ready": True}
        for path in ("/v2/models/iris/infer", "/v2/models/iris/versions/1.2/infer"):
            response = post(path, json={"inputs": [TABLE]})
            assert response.json()["outputs"] == [CLASSES]
            assert response.json()["model_name"] == "iris"
        data, headers = binary_request(VALUES)
        assert post(data=data, headers=headers).json()["outputs"] == [CLASSES]
        untyped = {LENGTH: headers[LENGTH]}
        assert post(data=data, headers=untyped).json()["outputs"] == [CLASSES]
        assert post(data=data).status_code == 400
        response = post("/v2/models/other/infer", json={"inputs": [TABLE]})
        assert (response.status_code, [*response.json()]) == (404, ["error"])
