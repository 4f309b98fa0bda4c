"""Workers that end by themselves: before their model is ready, and while they serve."""

import os
import signal
from pathlib import Path

import pytest

from app.config.memory import ContainerMemory
from app.server.worker_exits import describe_out_of_memory
from tests.helpers import ECHO, VALID, eventually, serving, write_module

WAITING = "import time\ndef init(): time.sleep(60)\ndef run(row): return row\n"
READY_ONCE = """
    import os, pathlib, time

    started = pathlib.Path(__file__).with_name("started")

    def init():
        if started.exists():
            os._exit(9)
        started.touch()

    def run(row): return row
"""
THIRD_FAILS = """
    import os, pathlib

    load_per_process = True
    started = pathlib.Path(__file__).with_name("started")

    def init():
        with started.open("a") as file:
            file.write("x")
        if started.stat().st_size == 3:
            os._exit(9)

    def run(row): return row
"""


def worker(pid: int) -> int:
    """Return the newest worker of a master process."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[-1])


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef init(): os._exit(9)\ndef run(row): return row\n",
        "import os, signal\ndef init(): os.kill(os.getpid(), signal.SIGKILL)\ndef run(row): ...\n",
        "import ctypes\ndef init(): ctypes.string_at(0)\ndef run(row): return row\n",
        "import os\ndef sample(): return {'x': 1}\ndef run(row): os._exit(9)\n",
    ],
    ids=["exit", "SIGKILL", "segmentation fault", "self-test"],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_service_ends_if_its_model_ends_the_process_before_it_is_ready(
    tmp_path: Path, source: str, workers: str
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, WORKERS=workers) as server:
        assert server.process.wait(20) != 0
        if workers == "1" or "def init" not in source:  # else the master process has loaded it
            assert server.process.returncode == 3
            assert "before its model was ready" in server.log.splitlines()[-1]
            assert server.log.count("CRITICAL") == 1


def test_service_ends_if_the_replacement_of_its_only_worker_does_not_become_ready(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, READY_ONCE)
    with serving(tmp_path) as server:
        os.kill(worker(server.process.pid), signal.SIGKILL)
        assert server.process.wait(20) == 3
        assert "ERROR" in server.log
        assert "has ended while it served" in server.log
        assert "has ended before its model was ready" in server.log


def test_other_workers_serve_while_one_is_killed_before_it_is_ready(tmp_path: Path) -> None:
    write_module(tmp_path, THIRD_FAILS)
    with serving(tmp_path, WORKERS="2") as server:
        eventually(lambda: server.log.count("is ready") == 2)
        os.kill(worker(server.process.pid), signal.SIGKILL)
        eventually(lambda: server.log.count("is ready") == 3)
        assert "before its model was ready" in server.log
        assert server.process.poll() is None
        assert server.predict(VALID).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_service_that_is_told_to_end_while_its_model_loads_reports_no_error(
    tmp_path: Path, number: signal.Signals, workers: str
) -> None:
    write_module(tmp_path, WAITING)
    with serving(tmp_path, wait=False, WORKERS=workers) as server:
        eventually(lambda: server.get("/api/liveness").status_code == 200)
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
        assert "before its model was ready" not in server.log


def test_reload_while_a_model_loads_reports_no_error(tmp_path: Path) -> None:
    write_module(tmp_path, WAITING)
    with serving(tmp_path, wait=False) as server:
        eventually(lambda: server.get("/api/liveness").status_code == 200)
        write_module(tmp_path, ECHO)
        server.process.send_signal(signal.SIGHUP)
        eventually(server.is_ready)
        assert server.predict(VALID).json() == VALID
        assert "before its model was ready" not in server.log


def test_line_names_the_limit_and_the_value_to_change() -> None:
    line = describe_out_of_memory(ContainerMemory(oom_kills=1, limit=200 * 2**20))
    assert "the container's limit is 200 MiB: increase resources.limits.memory" in line
    line = describe_out_of_memory(ContainerMemory(oom_kills=1, limit=None))
    assert line.startswith("the node is out of memory")
    assert line.endswith("increase resources.requests.memory")
