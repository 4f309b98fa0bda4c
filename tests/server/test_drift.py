"""Values counted by a profile in services, whatever the protocol, the threads and the processes."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.helpers import Server, eventually, serving
from tests.predictor.profiles import BATCHES, EXPECTED, MODEL, ROWS, by_bin, write


def counted(server: Server) -> dict[Any, float]:
    return {key: value for key, value in by_bin(server.get("/metrics").text).items() if value}


def times(number: int) -> dict[Any, float]:
    return {key: number * value for key, value in EXPECTED.items()}


@pytest.fixture(scope="module", params=["run", "run_batch", "threads"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("drift")
    write(folder, MODEL if request.param == "run" else MODEL + BATCHES)
    threads = "3" if request.param == "threads" else "1"
    with serving(folder, THREADS=threads) as running:
        yield running


def test_each_protocol_counts_what_was_sent(server: Server) -> None:
    before = Counter(counted(server))
    columns = {name: [row[name] for row in ROWS] for name in ("x", "kind")}
    inputs = [
        {"name": "x", "shape": [4], "datatype": "FP64", "data": columns["x"]},
        {"name": "kind", "shape": [4], "datatype": "BYTES", "data": columns["kind"]},
    ]
    for path, body in {
        "/api/model/predict_batch": {"rows": ROWS},
        "/v1/models/ml_trained_model:predict": {"instances": ROWS},
        "/v2/models/ml_trained_model/infer": {"inputs": inputs},
        "/invocations": {"dataframe_records": ROWS},
    }.items():
        response = requests.post(server.url + path, json=body, timeout=20)
        assert response.status_code == 200, response.text
    assert all(server.predict(row).status_code == 200 for row in ROWS)
    eventually(lambda: Counter(counted(server)) - before == times(5))


def test_only_rows_that_are_predicted_count(server: Server) -> None:
    before = Counter(counted(server))
    rows = [{"x": 500, "kind": "a"}, {"x": "no"}, {"x": 422, "kind": "a"}, *ROWS]
    assert [server.predict(row).status_code for row in rows[:3]] == [500, 400, 422]
    body = {"rows": rows, "partial": True}
    path = f"{server.url}/api/model/predict_batch"
    assert requests.post(path, json=body, timeout=20).status_code == 200
    eventually(lambda: Counter(counted(server)) - before == times(1))


def test_many_rows_of_concurrent_callers_are_all_counted(server: Server) -> None:
    before = Counter(counted(server))

    def call(_: int) -> int:
        path = f"{server.url}/api/model/predict_batch"
        return requests.post(path, json={"rows": ROWS * 300}, timeout=20).status_code

    with ThreadPoolExecutor(5) as callers:
        assert [*callers.map(call, range(5))] == [200] * 5
    eventually(lambda: Counter(counted(server)) - before == times(1500))


def test_each_process_reports_the_counts_of_all(tmp_path: Path) -> None:
    write(tmp_path)
    with serving(tmp_path, WORKERS="2") as server:
        for _ in range(20):
            eventually(lambda: server.predict(ROWS[0]).status_code == 200)
        total = {key: 20 for key in EXPECTED if key[2] in ("1", "a")}
        eventually(lambda: counted(server) == total)
        assert all(counted(server) == total for _ in range(5))


def test_what_a_process_has_counted_outlasts_it(tmp_path: Path) -> None:
    write(tmp_path)
    with serving(tmp_path, WORKERS="2") as server:
        workers = psutil.Process(server.process.pid).children()
        assert eventually(lambda: server.predict(ROWS[0]).status_code == 200)
        for worker in workers:
            worker.terminate()
        psutil.wait_procs(workers, timeout=20)
        eventually(lambda: counted(server).get(("input", "x", "1")) == 1)
