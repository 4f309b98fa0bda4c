"""Several worker processes that share one loaded model, under gunicorn."""

import os
import signal
from pathlib import Path

import pytest

from tests.helpers import Server, eventually, serving, write_module

COUNT = """
    import os, pathlib, time
    def sample():
        return {"x": 1}
    def init():
        with pathlib.Path(__file__).with_name("inits").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        GO
    def run(input_data):
        return os.getpid()
"""
WAIT = COUNT.replace(
    "GO", "while not pathlib.Path(__file__).with_name('go').exists(): time.sleep(0.01)"
)
PLAIN = COUNT.replace("GO", "pass")


def init_pids(folder: Path) -> list[str]:
    return (folder / "inits").read_text().split()


def worker_pids(server: Server, count: int) -> set[int]:
    """Predict until `count` processes have responded; return their process ids."""
    seen: set[int] = set()

    def all_seen() -> bool:
        seen.add(server.predict({"x": 1}).json())
        return len(seen) >= count

    eventually(all_seen)
    return seen


@pytest.mark.parametrize("threaded", ["on", "off"])
def test_worker_processes_share_one_loaded_model(tmp_path: Path, threaded: str) -> None:
    write_module(tmp_path, PLAIN)
    with serving(tmp_path, WORKERS="2", MULTITHREADED_INIT=threaded) as server:
        pids = worker_pids(server, 2)
        assert len(init_pids(tmp_path)) == 1
        assert int(init_pids(tmp_path)[0]) not in pids


def test_the_service_is_alive_and_not_ready_while_the_shared_model_loads(tmp_path: Path) -> None:
    write_module(tmp_path, WAIT)
    with serving(tmp_path, wait=False, WORKERS="2") as server:
        eventually(lambda: server.get("/api/liveness").status_code == 200)
        eventually((tmp_path / "inits").exists)
        assert server.get("/api/readiness").json()["state"] == "loading"
        assert server.predict({"x": 1}).status_code == 503
        (tmp_path / "go").touch()
        eventually(server.is_ready)
        assert len(init_pids(tmp_path)) == 1


def test_a_killed_worker_is_replaced_without_loading_again(tmp_path: Path) -> None:
    write_module(tmp_path, PLAIN)
    with serving(tmp_path, WORKERS="2") as server:
        killed = worker_pids(server, 2).pop()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: "was sent SIGKILL" in server.log)
        eventually(server.is_ready)
        assert killed not in worker_pids(server, 2)
        assert len(init_pids(tmp_path)) == 1


def test_load_per_process_loads_the_model_in_each_worker(tmp_path: Path) -> None:
    write_module(tmp_path, PLAIN + "    load_per_process = True\n")
    with serving(tmp_path, WORKERS="2") as server:
        pids = worker_pids(server, 2)
        assert {int(pid) for pid in init_pids(tmp_path)} == pids


def test_the_service_stays_alive_and_gives_the_reason_when_the_shared_load_fails(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')\n")
    with serving(tmp_path, wait=False, WORKERS="2", INIT_RETRIES="0") as server:
        reason = eventually(lambda: server.get("/api/readiness").json().get("reason"))
        assert reason == "init() failed at ml_trained_model.py, line 2: ValueError"
        assert "init() failed at ml_trained_model.py, line 2: ValueError: why" in server.log
        assert server.get("/api/liveness").status_code == 200


def test_each_worker_runs_the_self_test(tmp_path: Path) -> None:
    source = "def sample(): return {'x': 1}\ndef run(_): raise ValueError('why')\n"
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, WORKERS="2", INIT_RETRIES="0") as server:
        reason = eventually(lambda: server.get("/api/readiness").json().get("reason"))
        assert reason.startswith(
            "Self-test with sample(): run() failed at ml_trained_model.py, line 2: ValueError;"
        )
        assert reason.endswith("set load_per_process = True in ml_trained_model.py")


def test_a_model_that_predicts_with_openmp_in_init_can_be_shared(tmp_path: Path) -> None:
    source = """
        import os
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingRegressor
        def sample():
            return {"x": 0.5}
        def init():
            global model
            x = np.linspace(0, 1, 5000).reshape(-1, 1)
            model = HistGradientBoostingRegressor(max_iter=10).fit(x, x.ravel())
            model.predict(x)
        def run(input_data):
            return [os.getpid(), model.predict(np.full((5000, 1), input_data["x"]))[0]]
    """
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, WORKERS="2", OMP_NUM_THREADS="2") as server:
        eventually(server.is_ready, within=60)
        responses = [server.predict({"x": 0.5}).json() for _ in range(10)]
        assert {round(response[1], 1) for response in responses} == {0.5}


# The first three processes pause before they handle signals: a SIGTERM until then would be lost.
# Between those that replace them the parent pauses: one is ready while others are still to start.
SLOW_FORKS = """
    import os, time

    forks = 0

    def in_parent():
        global forks
        forks += 1
        time.sleep(0.3 if forks > 3 else 0)

    def in_child():
        time.sleep(0.3 if forks < 3 else 0)

    os.register_at_fork(after_in_parent=in_parent, after_in_child=in_child)
"""


def test_no_request_gets_a_503_once_the_shared_model_has_been_ready(tmp_path: Path) -> None:
    site = write_module(tmp_path / "site", SLOW_FORKS, "sitecustomize").parent
    write_module(tmp_path, PLAIN)
    with serving(tmp_path, WORKERS="3", PYTHONPATH=str(site)) as server:
        assert {server.predict({"x": 1}).status_code for _ in range(200)} == {200}


@pytest.mark.parametrize("count", ["1", "2"])
def test_exit_after_failed_load_stops_the_server(tmp_path: Path, count: str) -> None:
    write_module(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')\n")
    with serving(
        tmp_path, wait=False, WORKERS=count, INIT_RETRIES="0", EXIT_AFTER_FAILED_LOAD="on"
    ) as server:
        assert server.process.wait(30) != 0
        assert "init() failed at ml_trained_model.py, line 2: ValueError: why" in server.log
