"""METRICS_PORT: `/metrics` alone is there, and nowhere else."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.helpers import (
    ECHO,
    PREDICT,
    VALID,
    Server,
    eventually,
    free_port,
    parse_metrics,
    serving,
    write_module,
)


@pytest.fixture(scope="module", params=["1", "2"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, str]]:
    """A service with one or two processes, and the URL of its metrics' port."""
    folder = tmp_path_factory.mktemp("metrics-port")
    write_module(folder, ECHO)
    port = free_port()
    with serving(folder, METRICS_PORT=str(port), WORKERS=request.param) as server:
        yield server, f"http://127.0.0.1:{port}"


def test_the_metrics_are_on_their_port(server: tuple[Server, str]) -> None:
    service, url = server
    eventually(lambda: service.predict(VALID).status_code == 200)
    response = requests.get(f"{url}/metrics", timeout=20)
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    metrics = parse_metrics(response.text)
    name = "ml_rest_api_requests_total", "code=200", "method=POST", f"path={PREDICT}"
    assert metrics[name] >= 1
    assert requests.post(f"{url}/metrics", timeout=20).status_code == 405


@pytest.mark.parametrize("path", ["/metrics", "/metrics?x=1"])
def test_and_not_on_the_other(server: tuple[Server, str], path: str) -> None:
    response = server[0].get(path)
    assert (response.status_code, list(response.json())) == (404, ["message"])


@pytest.mark.parametrize("path", ["/", "/api/", "/api/liveness", "/api/readiness", "/v2"])
def test_nothing_else_is_on_their_port(server: tuple[Server, str], path: str) -> None:
    assert requests.get(server[1] + path, timeout=20).status_code == 404


def test_nor_are_predictions(server: tuple[Server, str]) -> None:
    response = requests.post(server[1] + PREDICT, json=VALID, timeout=20)
    assert (response.status_code, list(response.json())) == (404, ["message"])


def test_a_prefix_is_of_the_service_not_of_the_port(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    port = free_port()
    with serving(tmp_path, METRICS_PORT=str(port), ROOT_PATH="/fraud") as server:
        url = f"http://127.0.0.1:{port}"
        assert requests.get(f"{url}/fraud/metrics", timeout=20).status_code == 200
        assert server.get("/fraud/metrics").status_code == 404


def test_a_port_in_use_stops_the_start_with_one_line(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with serving(tmp_path, wait=False, METRICS_PORT=str(port)) as server:
            assert server.process.wait(20) == 1
            assert server.log == (
                f"ml-rest-api: cannot listen on 127.0.0.1:{port}, Address already in use: set "
                "FLASK_HOST and METRICS_PORT, or stop the process that listens there\n"
            )
