import datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, GATED_INIT, eventually, make_app, make_client

BROKEN = {
    "init raises": "def run(_): return 1\ndef init(): raise ValueError('marker\\nmore')",
    "sample raises": "def run(_): return 1\ndef sample(): raise ValueError('marker\\nmore')",
    "import raises": "raise ValueError('marker\\nmore')",
    "no run": "x = 1",
    "syntax": "def run(:",
    "exit": "import sys\nsys.exit(1)",
}


def test_a_service_with_a_loaded_model_is_alive_and_ready(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    alive, ready = client.get("/api/liveness"), client.get("/api/readiness")
    assert (alive.status_code, alive.json) == (HTTPStatus.OK, {"Alive": True})
    assert ready.status_code == HTTPStatus.OK
    assert ready.json is not None
    assert ready.json.keys() == {"Ready", "state", "since"}
    assert (ready.json["Ready"], ready.json["state"]) == (True, "ready")
    assert datetime.datetime.fromisoformat(ready.json["since"]).tzinfo is not None


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN.keys())
def test_the_service_stays_alive_and_gives_the_reason_when_the_module_is_broken(
    tmp_path: Path, source: str
) -> None:
    client = make_client(tmp_path, source)
    assert client.get("/api/liveness").json == {"Alive": True}
    response = client.get("/api/readiness")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json is not None
    assert (response.json["Ready"], response.json["state"]) == (False, "failed")
    assert "ml_trained_model" in response.json["reason"]
    assert "marker" not in response.json["reason"]
    assert client.get("/api/swagger.json").status_code == HTTPStatus.OK


def test_only_with_flask_debug_the_reason_has_the_first_line_of_the_exceptions_text(
    tmp_path: Path,
) -> None:
    client = make_client(tmp_path, BROKEN["init raises"], FLASK_DEBUG=True)
    ready = client.get("/api/readiness").json
    assert ready is not None
    assert ready["reason"].endswith("ValueError: marker")


def test_only_readiness_responses_contain_the_reason(tmp_path: Path) -> None:
    client = make_client(tmp_path, BROKEN["init raises"], FLASK_DEBUG=True)
    for path in ("/api/liveness", "/api/swagger.json", "/api/", "/api/model/predict", "/nowhere"):
        assert "marker" not in client.get(path).text


def test_the_service_is_alive_and_not_ready_while_the_model_loads(tmp_path: Path) -> None:
    client = make_client(tmp_path, GATED_INIT, MULTITHREADED_INIT=True)
    assert client.get("/api/liveness").status_code == HTTPStatus.OK
    loading = client.get("/api/readiness")
    assert loading.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert loading.json is not None
    assert (loading.json["Ready"], loading.json["state"]) == (False, "loading")
    (tmp_path / "gate").touch()
    eventually(lambda: client.get("/api/readiness").status_code == HTTPStatus.OK)


def test_a_draining_service_is_alive_and_not_ready(tmp_path: Path) -> None:
    app = make_app(tmp_path, ECHO)
    client = app.test_client()
    app.predictor.drain()
    response = client.get("/api/readiness")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json is not None
    assert (response.json["Ready"], response.json["state"]) == (False, "draining")
    assert client.get("/api/liveness").status_code == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/api/liveness", "/api/readiness"])
def test_head_gets_the_response_of_get_without_its_body(tmp_path: Path, path: str) -> None:
    client: FlaskClient = make_client(tmp_path, ECHO)
    response = client.head(path)
    assert (response.status_code, response.data) == (HTTPStatus.OK, b"")
