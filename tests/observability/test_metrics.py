import hashlib
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from tests.helpers import (
    ECHO,
    PREDICT,
    VALID,
    eventually,
    make_client,
    parse_metrics,
    serving,
    write_module,
)


def requests_of(code: int, path: str = PREDICT, method: str = "POST") -> tuple[str, ...]:
    return "ml_rest_api_requests_total", f"code={code}", f"method={method}", f"path={path}"


def test_requests_are_counted_by_path_method_and_code(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server:
        server.predict(VALID)
        server.predict(VALID)
        server.predict({})
        server.predict(VALID, headers={"Sec-Fetch-Site": "cross-site"})
        server.get("/nowhere")
        requests.request("BREW", f"{server.url}/nowhere", timeout=20)
        metrics = parse_metrics(server.get("/metrics").text)
    assert metrics[requests_of(200)] == 2
    assert metrics[requests_of(400)] == 2
    assert metrics[requests_of(404, "unknown", "GET")] == 1
    assert metrics[requests_of(404, "unknown", "other")] == 1
    assert metrics["ml_rest_api_prediction_seconds_count",] == 2


@pytest.mark.parametrize(("source", "state"), [(ECHO, "ready"), ("x = 1", "failed")])
def test_the_models_state_is_a_metric(tmp_path: Path, source: str, state: str) -> None:
    metrics = parse_metrics(make_client(tmp_path, source).get("/metrics").text)
    assert metrics["ml_rest_api_predictions_pending",] == 0
    states = {name[1]: value for name, value in metrics.items() if "model_state" in name[0]}
    assert {name for name, value in states.items() if value} == {f"state={state}"}
    assert len(states) == 4


def infos(client: FlaskClient) -> dict[tuple[str, ...], float]:
    metrics = parse_metrics(client.get("/metrics").text)
    return {name: value for name, value in metrics.items() if name[0] == "ml_rest_api_model_info"}


def info(name: str, version: str, folder: Path) -> tuple[str, ...]:
    """Return the metric of a model in one file."""
    content = (folder / "ml_trained_model.py").read_bytes()
    line = f"{hashlib.sha256(content).hexdigest()}  ml_trained_model.py\n"
    digest = hashlib.sha256(line.encode()).hexdigest()
    return "ml_rest_api_model_info", f"name={name}", f"sha256={digest}", f"version={version}"


@pytest.mark.parametrize(
    ("source", "version"), [("__version__ = \"7 'rc'\"\n", "7 'rc'"), ("", "unknown")]
)
def test_the_models_identity_is_a_metric(tmp_path: Path, source: str, version: str) -> None:
    client = make_client(tmp_path, source + "def run(row): return 1\n", MODEL_NAME='a"b')
    assert infos(client) == {info('a"b', version, tmp_path): 1}


def test_so_is_that_of_a_model_that_fails_after_its_import(tmp_path: Path) -> None:
    client = make_client(tmp_path, "def init(): 1 / 0\ndef run(row): return 1\n")
    assert infos(client) == {info("ml_trained_model", "unknown", tmp_path): 1}


def test_a_model_that_is_not_imported_has_no_identity(tmp_path: Path) -> None:
    assert infos(make_client(tmp_path, "1 / 0")) == {}


def test_each_of_several_processes_reports_the_requests_of_all(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, WORKERS="2") as server:
        for _ in range(20):  # one worker may be ready later than the other
            eventually(lambda: server.predict(VALID).status_code == 200)
        eventually(lambda: parse_metrics(server.get("/metrics").text)[requests_of(200)] == 20)
        assert len({server.get("/metrics").text.count("code=") for _ in range(5)}) == 1
        assert 'ml_rest_api_model_info{name="' in server.get("/metrics").text
