"""Requests of many rows to a real gunicorn: the same limits, ids, log and metrics as single ones."""

import gzip
import json
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.helpers import GATED, Server, eventually, parse_metrics, serving, write_module

BATCH = "/api/model/predict_batch"
SLOW = """
    import time

    def sample():
        return {"x": 1}

    def run(row):
        time.sleep(0.005)
        return row["x"]
"""


def post(server: Server, body: Any, **options: Any) -> requests.Response:
    return requests.post(server.url + BATCH, json=body, timeout=30, **options)


def metrics(server: Server) -> dict[tuple[str, ...], float]:
    return parse_metrics(server.get("/metrics").text)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("slow")
    write_module(folder, SLOW)
    with serving(folder, LOG_FORMAT="text", ACCESS_LOG="all") as server:
        yield server


def test_rows_are_predicted_in_one_request_that_is_counted_and_logged(slow: Server) -> None:
    response = post(slow, {"rows": [{"x": 3}, {"x": 1}]}, headers={"X-Request-Id": "the-id"})
    assert response.json() == {"predictions": [3, 1]}
    assert response.headers["X-Request-Id"] == "the-id"
    labels = (f"path={BATCH}",)
    counted = {key: value for key, value in metrics(slow).items() if labels[0] in key}
    assert counted == {("ml_rest_api_requests_total", "code=200", "method=POST", *labels): 1.0}
    assert metrics(slow)["ml_rest_api_prediction_seconds_count",] == 1
    eventually(lambda: f"POST {BATCH} 200" in slow.log and "the-id" in slow.log)


def test_a_large_body_may_be_compressed(slow: Server) -> None:
    rows = [{"x": number, "text": "a" * 100} for number in range(200)]
    body = gzip.compress(json.dumps({"rows": rows}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = requests.post(slow.url + BATCH, data=body, headers=headers, timeout=30)
    assert response.json() == {"predictions": list(range(200))}


def test_single_rows_do_not_wait_for_all_rows_of_others(slow: Server) -> None:
    """Two calls take five seconds each, row by row; others get their turn within some rows."""
    with ThreadPoolExecutor(2) as pool:
        rows = {"rows": [{"x": 1}] * 1000}
        large = [pool.submit(post, slow, rows) for _ in range(2)]
        eventually(lambda: metrics(slow)["ml_rest_api_predictions_pending",] == 2)
        start = time.monotonic()
        singles = 0
        while time.monotonic() < start + 2:
            assert slow.predict({"x": singles}).json() == singles
            singles += 1
        assert singles > 10
        assert not any(one.done() for one in large)
        assert [one.result().json() for one in large] == [{"predictions": [1] * 1000}] * 2


def test_rows_of_a_connection_that_is_reset_are_not_predicted(slow: Server) -> None:
    body = json.dumps({"rows": [{"x": 1}] * 5000}).encode()
    head = f"POST {BATCH} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", slow.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        eventually(lambda: metrics(slow)["ml_rest_api_predictions_pending",] == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: metrics(slow)["ml_rest_api_predictions_pending",] == 0, within=5)


def test_rows_that_time_out_are_not_predicted_any_more(tmp_path: Path) -> None:
    write_module(tmp_path, SLOW)
    with serving(tmp_path, PREDICT_TIMEOUT="0.2") as server:
        assert post(server, {"rows": [{"x": 1}] * 5000}).status_code == 504
        eventually(lambda: metrics(server)["ml_rest_api_predictions_pending",] == 0, within=5)


def test_a_request_of_rows_takes_one_place_and_times_out_as_a_whole(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, MAX_PENDING="1", PREDICT_TIMEOUT="0.5") as server:
        late = post(server, {"rows": [{}, {"id": 1}, {}]})
        assert (late.status_code, late.json()) == (504, {"message": "Prediction Timed Out"})
        busy = post(server, {"rows": [{}]})
        assert (busy.status_code, busy.json()) == (503, {"message": "Server Busy"})
        assert busy.headers["Retry-After"] == "1"
        (tmp_path / "gate").touch()
        eventually(lambda: post(server, {"rows": [{"a": 1}]}).json() == {"predictions": [{"a": 1}]})


def test_bodies_that_wait_have_a_bound_in_bytes(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, MAX_CONTENT_LENGTH="10000") as server,
        ThreadPoolExecutor(30) as pool,
    ):
        busy = pool.submit(server.predict, {"id": 1})
        eventually((tmp_path / "started-1").exists)
        row = {"text": "a" * 9900}
        waiting = [pool.submit(post, server, {"rows": [row]}) for _ in range(20)]
        eventually(lambda: sum(one.done() for one in waiting) == 12)
        (tmp_path / "gate").touch()
        statuses = [one.result().status_code for one in waiting]
        assert (statuses.count(200), statuses.count(503)) == (8, 12)
        assert busy.result().status_code == 200


def test_a_hung_row_is_a_504_and_the_process_is_replaced(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, WORKER_TIMEOUT="2") as server:
        assert post(server, {"rows": [{}, {"id": 1}]}).status_code == 504
        (tmp_path / "gate").touch()
        eventually(server.is_ready)
        assert post(server, {"rows": [{"a": 1}]}).json() == {"predictions": [{"a": 1}]}


def test_a_page_of_another_site_cannot_post_rows(slow: Server) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert post(slow, {"rows": []}, headers=headers).status_code == 400


def test_probes_of_other_protocols_are_no_errors_in_the_log(tmp_path: Path) -> None:
    write_module(tmp_path, "def init(): raise OSError\ndef run(row): return row")
    with serving(tmp_path, wait=False, INIT_RETRIES="0", LOG_FORMAT="text") as server:
        eventually(lambda: server.get("/api/liveness").ok)
        for path in ("/ping", "/health", "/v2/health/ready", "/v1/models/ml_trained_model"):
            assert server.get(path).status_code == 503
        eventually(lambda: "GET /v1/models/ml_trained_model 503" in server.log)
        for path in ("/ping", "/health", "/v2/health/ready"):
            assert f"GET {path}" not in server.log
