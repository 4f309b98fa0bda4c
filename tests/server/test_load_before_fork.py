"""Several processes, one loaded model; each with a real gunicorn."""

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


def inits(folder: Path) -> list[str]:
    return (folder / "inits").read_text().split()


def workers(server: Server, count: int) -> set[int]:
    seen: set[int] = set()

    def asked() -> bool:
        seen.add(server.predict({"x": 1}).json())
        return len(seen) >= count

    eventually(asked)
    return seen


@pytest.mark.parametrize("threaded", ["on", "off"])
def test_several_processes_share_what_one_init_has_loaded(tmp_path: Path, threaded: str) -> None:
    write_module(tmp_path, PLAIN)
    with serving(tmp_path, WORKERS="2", MULTITHREADED_INIT=threaded) as server:
        pids = workers(server, 2)
        assert len(inits(tmp_path)) == 1
        assert int(inits(tmp_path)[0]) not in pids


def test_while_the_shared_model_loads_the_service_is_live_and_not_ready(tmp_path: Path) -> None:
    write_module(tmp_path, WAIT)
    with serving(tmp_path, wait=False, WORKERS="2") as server:
        eventually(lambda: server.get("/api/liveness").status_code == 200)
        eventually((tmp_path / "inits").exists)
        assert server.get("/api/readiness").json()["state"] == "loading"
        assert server.predict({"x": 1}).status_code == 503
        (tmp_path / "go").touch()
        eventually(server.is_ready)
        assert len(inits(tmp_path)) == 1


def test_a_killed_process_is_replaced_without_loading_again(tmp_path: Path) -> None:
    write_module(tmp_path, PLAIN)
    with serving(tmp_path, WORKERS="2") as server:
        killed = workers(server, 2).pop()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: "was sent SIGKILL" in server.log)
        eventually(server.is_ready)
        assert killed not in workers(server, 2)
        assert len(inits(tmp_path)) == 1


def test_a_model_that_must_not_be_shared_is_loaded_in_each_process(tmp_path: Path) -> None:
    write_module(tmp_path, PLAIN + "    load_per_process = True\n")
    with serving(tmp_path, WORKERS="2") as server:
        pids = workers(server, 2)
        assert {int(pid) for pid in inits(tmp_path)} == pids


def test_a_shared_model_that_fails_leaves_a_live_service_that_says_why(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')\n")
    with serving(tmp_path, wait=False, WORKERS="2", INIT_RETRIES="0") as server:
        reason = eventually(lambda: server.get("/api/readiness").json().get("reason"))
        assert reason == "init() failed at ml_trained_model.py, line 2: ValueError: why"
        assert server.get("/api/liveness").status_code == 200


def test_each_process_tests_itself(tmp_path: Path) -> None:
    source = "def sample(): return {'x': 1}\ndef run(_): raise ValueError('why')\n"
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, WORKERS="2", INIT_RETRIES="0") as server:
        reason = eventually(lambda: server.get("/api/readiness").json().get("reason"))
        assert reason == "Self-test with sample(): run() failed: ValueError: why"


def test_a_model_with_an_openmp_pool_that_predicts_in_init_can_still_be_shared(
    tmp_path: Path,
) -> None:
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
        answers = [server.predict({"x": 0.5}).json() for _ in range(10)]
        assert {round(answer[1], 1) for answer in answers} == {0.5}


@pytest.mark.parametrize("count", ["1", "2"])
def test_a_failed_load_ends_the_server_when_told_to(tmp_path: Path, count: str) -> None:
    write_module(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')\n")
    with serving(
        tmp_path, wait=False, WORKERS=count, INIT_RETRIES="0", EXIT_AFTER_FAILED_LOAD="on"
    ) as server:
        assert server.process.wait(30) != 0
        assert "init() failed at ml_trained_model.py, line 2: ValueError: why" in server.log
