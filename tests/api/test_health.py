import datetime
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.config.settings import Settings
from app.factory import create_app
from tests.helpers import ECHO, eventually, make_client, write_module

BROKEN = {
    "init raises": "def run(_): return 1\ndef init(): raise ValueError('marker\\nmore')",
    "sample raises": "def run(_): return 1\ndef sample(): raise ValueError('marker\\nmore')",
    "import raises": "raise ValueError('marker\\nmore')",
    "no run": "x = 1",
    "syntax": "def run(:",
    "exit": "import sys\nsys.exit(1)",
}


def test_a_ready_model_is_alive_and_ready(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    alive, ready = client.get("/api/liveness"), client.get("/api/readiness")
    assert (alive.status_code, alive.json) == (HTTPStatus.OK, {"Alive": True})
    assert ready.status_code == HTTPStatus.OK
    assert ready.json is not None
    assert ready.json.keys() == {"Ready", "state", "since"}
    assert (ready.json["Ready"], ready.json["state"]) == (True, "ready")
    assert datetime.datetime.fromisoformat(ready.json["since"]).tzinfo is not None


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_module_leaves_a_live_service_that_says_why_it_is_not_ready(
    tmp_path: Path, source: str
) -> None:
    client = make_client(tmp_path, source)
    assert client.get("/api/liveness").json == {"Alive": True}
    response = client.get("/api/readiness")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json is not None
    assert (response.json["Ready"], response.json["state"]) == (False, "failed")
    assert "ml_trained_model" in response.json["reason"]
    assert "more" not in response.json["reason"]
    assert client.get("/api/swagger.json").status_code == HTTPStatus.OK


def test_a_reason_stands_in_the_readiness_body_alone(tmp_path: Path) -> None:
    client = make_client(tmp_path, BROKEN["init raises"])
    for path in ("/api/liveness", "/api/swagger.json", "/api/", "/api/model/predict", "/nowhere"):
        assert "marker" not in client.get(path).text


def test_while_loading_the_service_is_live_and_not_ready(tmp_path: Path) -> None:
    source = """
        import pathlib, time
        def init():
            while not pathlib.Path(__file__).with_name("go").exists():
                time.sleep(0.01)
        def run(_): return 1
    """
    write_module(tmp_path, source)
    app = create_app(Settings(MODEL_DIR=str(tmp_path)))
    app.extensions["model"].start()
    client = app.test_client()
    assert client.get("/api/liveness").status_code == HTTPStatus.OK
    waiting = client.get("/api/readiness")
    assert waiting.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert waiting.json is not None
    assert (waiting.json["Ready"], waiting.json["state"]) == (False, "loading")
    (tmp_path / "go").touch()
    eventually(lambda: client.get("/api/readiness").status_code == HTTPStatus.OK)


def test_a_draining_service_is_live_and_not_ready(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    client.application.extensions["model"].drain()
    response = client.get("/api/readiness")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json is not None
    assert (response.json["Ready"], response.json["state"]) == (False, "draining")
    assert client.get("/api/liveness").status_code == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/api/liveness", "/api/readiness"])
def test_head_is_answered_like_get_without_a_body(tmp_path: Path, path: str) -> None:
    client: FlaskClient = make_client(tmp_path, ECHO)
    response = client.head(path)
    assert (response.status_code, response.data) == (HTTPStatus.OK, b"")
