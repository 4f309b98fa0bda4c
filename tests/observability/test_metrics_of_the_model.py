"""What the metrics tell of the model's calls, with one process and with several."""

import concurrent.futures
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.helpers import (
    PREDICT,
    Server,
    eventually,
    make_client,
    parse_metrics,
    serving,
    write_module,
)

BATCH = "/api/model/predict_batch"
SLOW = """
    import time
    from pathlib import Path
    from flask import abort

    def sample():
        return {"x": 1}

    def run(row):
        return run_batch([row])[0]

    def run_batch(rows):
        while any(row["x"] == -1 for row in rows) and not Path("{gate}").exists():
            time.sleep(0.01)
        if any(row["x"] == 404 for row in rows):
            abort(404, "no such x")
        if any(row["x"] == 500 for row in rows):
            raise ValueError
        return [row["x"] for row in rows]
"""


@pytest.fixture
def workers() -> int:
    """The number of processes, unless a test has several."""
    return 1


one_or_two = pytest.mark.parametrize("workers", [1, 2])


@pytest.fixture
def server(workers: int, tmp_path: Path) -> Iterator[Server]:
    """A service whose model waits for a file where x is -1."""
    (folder := tmp_path / "model").mkdir()
    write_module(folder, SLOW.replace("{gate}", str(tmp_path / "gate")))
    with serving(folder, WORKERS=str(workers), MAX_PENDING="4", MAX_ROWS="100") as server:
        eventually(lambda: value(server, "model_state", "state=loading") == 0)
        yield server


def value(server: Server, name: str, *labels: str) -> float:
    """Return the value of a metric of ours."""
    metrics = parse_metrics(server.get("/metrics").text)
    return metrics[f"ml_rest_api_{name}", *labels]


def post(server: Server, rows: list[int]) -> int:
    body = {"rows": [{"x": x} for x in rows]}
    return requests.post(server.url + BATCH, json=body, timeout=30).status_code


@one_or_two
def test_batches_rows_and_times_are_counted(server: Server) -> None:
    assert [server.predict({"x": x}).status_code for x in (1, 2)] == [200, 200]
    assert post(server, [1] * 90) == 200
    eventually(lambda: value(server, "rows_total") == 92)
    assert value(server, "batch_size_sum") == 92
    assert value(server, "batch_size_count") == value(server, "model_seconds_count") == 3
    assert value(server, "batch_size_bucket", "le=1.0") == 2
    assert value(server, "queue_seconds_count") == value(server, "prediction_seconds_count") == 3
    spent = value(server, "queue_seconds_sum") + value(server, "model_seconds_sum")
    assert 0 < spent < value(server, "prediction_seconds_sum")


def test_a_row_that_fails_is_counted_once(server: Server) -> None:
    assert post(server, [1, 500, 2]) == 500
    assert value(server, "rows_total") == 2  # the third is not predicted any more
    assert value(server, "prediction_seconds_count") == 0


@pytest.mark.parametrize(
    ("reason", "rows", "number"),
    [("invalid", [1.5], 1), ("too_large", [1] * 101, 1), ("model", [404, 404, 1], 2)],
)
def test_refusals_are_counted_by_reason(
    server: Server, reason: str, rows: list[int], number: int
) -> None:
    assert 400 <= post(server, rows) < 500
    metrics = parse_metrics(server.get("/metrics").text)
    refused = {
        labels[1]: count for labels, count in metrics.items() if "refused_total" in labels[0]
    }
    assert refused.pop(f"reason={reason}") == number
    assert set(refused.values()) == {0}


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_so_are_malformed_bodies(server: Server, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    assert server.predict(None, data=body, headers=headers).status_code == 400
    assert value(server, "refused_total", "reason=invalid") == 1


def test_other_errors_are_no_refusals(tmp_path: Path) -> None:
    write_module(tmp_path, "def init(): 1 / 0\ndef run(row): return 1\n")
    with serving(tmp_path, wait=False, INIT_RETRIES="0") as server:
        eventually(lambda: value(server, "model_state", "state=failed") == 1)
        paths = ("/api/readiness", "/v2/health/ready", "/ping", "/nowhere", PREDICT)
        assert [server.get(path).status_code for path in paths] == [503, 503, 503, 404, 405]
        assert value(server, "refused_total", "reason=not_ready") == 0
        assert server.predict({}).status_code == 503
        assert value(server, "refused_total", "reason=not_ready") == 1
        assert value(server, "refused_total", "reason=invalid") == 0


@one_or_two
def test_pending_predictions_are_summed_over_the_processes(
    server: Server, workers: int, tmp_path: Path
) -> None:
    """One of the processes tells it, without a scrape of the others."""
    with requests.Session() as session, concurrent.futures.ThreadPoolExecutor() as pool:

        def gauges() -> tuple[float, float]:
            metrics = parse_metrics(session.get(f"{server.url}/metrics", timeout=20).text)
            return metrics["ml_rest_api_predictions_pending",], metrics["ml_rest_api_saturation",]

        assert gauges() == (0, 0)
        calls = [pool.submit(server.predict, {"x": -1}) for _ in range(3)]
        eventually(lambda: gauges() == (3, 3 / (4 * workers)))
        (tmp_path / "gate").touch()
        assert [call.result().status_code for call in calls] == [200] * 3
        eventually(lambda: gauges() == (0, 0))


@one_or_two
def test_a_request_past_the_limit_is_refused_as_busy(server: Server, tmp_path: Path) -> None:
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        calls = [pool.submit(server.predict, {"x": -1}) for _ in range(20)]
        eventually(lambda: any(call.done() for call in calls))
        eventually(lambda: value(server, "refused_total", "reason=busy") > 0)
        (tmp_path / "gate").touch()
        codes = [call.result().status_code for call in calls]
    busy = codes.count(503)
    assert value(server, "refused_total", "reason=busy") == busy
    assert value(server, "prediction_seconds_count") == codes.count(200) == 20 - busy


def test_a_prediction_that_times_out_is_refused_once(tmp_path: Path) -> None:
    (folder := tmp_path / "model").mkdir()
    write_module(folder, SLOW.replace("{gate}", str(tmp_path / "gate")))
    with serving(folder, PREDICT_TIMEOUT="0.1") as server:
        assert server.predict({"x": -1}).status_code == 504
        (tmp_path / "gate").touch()
        eventually(lambda: value(server, "predictions_pending") == 0)
        assert value(server, "refused_total", "reason=timed_out") == 1
        assert value(server, "prediction_seconds_count") == 0


@pytest.mark.parametrize(("self_test", "value"), [("on", {0.0}), ("warn", {0.0}), ("off", set())])
def test_a_failed_self_test_is_a_metric(tmp_path: Path, self_test: str, value: set[float]) -> None:
    source = "def sample(): return {'x': 1}\ndef run(row): 1 / 0\n"
    text = make_client(tmp_path, source, SELF_TEST=self_test).get("/metrics").text
    metrics = parse_metrics(text)
    name = "ml_rest_api_self_test_ok"
    assert {number for (key, *_), number in metrics.items() if key == name} == value


def test_the_time_of_a_load_is_a_metric(tmp_path: Path) -> None:
    source = "import time\ndef init(): time.sleep(0.2)\ndef run(row): return 1\n"
    metrics = parse_metrics(make_client(tmp_path, source).get("/metrics").text)
    assert 0.2 < metrics["ml_rest_api_model_load_seconds",] < 5


def test_a_process_that_dies_is_no_longer_counted(tmp_path: Path) -> None:
    """Its pending predictions are gone, but not what it has counted."""
    gate = tmp_path / "gate"
    source = f"""
        import os, signal, time
        from pathlib import Path
        def run(row):
            while row and not Path("{gate}").exists():
                time.sleep(0.01)
            if row:
                os.kill(os.getpid(), signal.SIGKILL)
            return 1
    """
    (folder := tmp_path / "model").mkdir()
    write_module(folder, source)
    with serving(folder, WORKERS="2") as server, concurrent.futures.ThreadPoolExecutor() as pool:
        eventually(lambda: value(server, "model_state", "state=loading") == 0)
        assert server.predict({}).status_code == 200
        dying = pool.submit(server.predict, {"die": True})
        eventually(lambda: value(server, "predictions_pending") == 1)
        gate.touch()
        assert isinstance(dying.exception(), requests.ConnectionError)
        eventually(lambda: value(server, "predictions_pending") == 0)
        assert value(server, "rows_total") == value(server, "prediction_seconds_count") == 1


def test_processes_and_garbage_are_summed(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return 1\n")
    with serving(tmp_path, WORKERS="2") as server:
        metrics = [parse_metrics(server.get("/metrics").text) for _ in range(10)]
    for name in (
        ("process_cpu_seconds_total",),
        ("python_gc_collections_total", "generation=0"),
    ):
        values = [sample[name] for sample in metrics]
        assert values == sorted(values), name
    assert len({sample["process_start_time_seconds",] for sample in metrics}) == 1
    assert metrics[0]["process_max_fds",] > metrics[0]["process_open_fds",] > 30
