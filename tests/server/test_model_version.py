"""X-Model-Version: on every response, once a module with a `__version__` is imported."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.helpers import PREDICT, Server, eventually, serving, write_module
from tests.raw_http import send_request

SOURCE = """
    __version__ = "3.1 (a)"

    def run(input_data):
        return input_data["x"]
"""
HEADER = "X-Model-Version"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("versioned")
    write_module(folder, SOURCE)
    with serving(folder, CORS_ORIGINS="https://a.example") as server:
        yield server


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", PREDICT, {"x": 1}, 200),
        ("POST", PREDICT, {}, 500),
        ("POST", PREDICT, [], 400),
        ("POST", "/api/model/predict_batch", {"rows": [{"x": 1}]}, 200),
        ("POST", "/v1/models/ml_trained_model:predict", {"instances": [{"x": 1}]}, 200),
        ("POST", "/v2/models/other/infer", {}, 404),
        ("POST", "/invocations", {"dataframe_records": [{"x": 1}]}, 200),
        ("GET", "/api/liveness", None, 200),
        ("HEAD", "/api/readiness", None, 200),
        ("GET", "/v2/health/ready", None, 200),
        ("GET", "/api/", None, 200),
        ("GET", "/api/swagger.json", None, 200),
        ("GET", "/metrics", None, 200),
        ("OPTIONS", PREDICT, None, 200),
        ("GET", PREDICT, None, 405),
        ("GET", "/nowhere", None, 404),
    ],
)
def test_every_response_has_the_models_version(
    server: Server, method: str, path: str, body: object, status: int
) -> None:
    response = requests.request(method, server.url + path, json=body, timeout=20)
    assert response.status_code == status
    assert response.headers[HEADER] == "3.1 (a)"


@pytest.mark.parametrize(
    ("request_", "status"), [(b"GET /\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nHost: a\r\n", 408)]
)
def test_so_have_the_servers_own(server: Server, request_: bytes, status: int) -> None:
    response = send_request(server, request_)
    assert response.status == status
    assert response.headers[HEADER] == "3.1 (a)"


def test_pages_of_other_origins_may_read_it(server: Server) -> None:
    response = server.predict({"x": 1}, headers={"Origin": "https://a.example"})
    assert HEADER in response.headers["Access-Control-Expose-Headers"]
    assert response.headers[HEADER] == "3.1 (a)"


def test_it_is_known_before_the_model_is_ready(tmp_path: Path) -> None:
    init = "\n    def init():\n        __import__('time').sleep(60)\n"
    write_module(tmp_path, SOURCE + init)
    with serving(tmp_path, wait=False) as server:
        eventually(lambda: server.get("/api/liveness").headers.get(HEADER) == "3.1 (a)")
        refused = server.predict({"x": 1})
    assert (refused.status_code, refused.headers[HEADER]) == (503, "3.1 (a)")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_text_that_no_header_can_hold_is_left_out_with_one_warning(
    tmp_path: Path, workers: str
) -> None:
    write_module(tmp_path, "__version__ = '1\\r\\nX: y'\ndef run(row): return 1\n")
    with serving(tmp_path, WORKERS=workers) as server:
        response = server.get("/api/model")
        log = server.log
    assert not {HEADER, "X"} & response.headers.keys()
    assert response.json()["version"] == "1\r\nX: y"
    assert log.count("__version__ in ml_trained_model.py is not sent") == 1


def test_a_module_without_version_has_no_header_and_no_warning(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return 1\n")
    with serving(tmp_path) as server:
        assert HEADER not in server.get("/api/liveness").headers
        assert "__version__" not in server.log
