"""Processes that the model forks are no servers, and no signal of a worker is lost."""

import os
import signal
from pathlib import Path

import pytest

from tests.helpers import eventually, serving, write_module
from tests.raw_http import RawConnection, post

POOL = """
    import multiprocessing

    def double(x):
        return 2 * x

    def run(row):
        with multiprocessing.get_context("fork").Pool(4) as pool:
            return pool.map(double, row["values"])
"""
CHILD = """
    import os, signal, socket, time
    from pathlib import Path

    def run(row):
        pid = os.fork()
        if pid == 0:
            names = {}
            for fd in os.listdir("/proc/self/fd"):
                try:
                    names[fd] = os.readlink(f"/proc/self/fd/{fd}")
                except OSError:
                    pass
            handlers = [str(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGINT)]
            sockets = [
                fd for fd, name in names.items()
                if name.startswith("socket:")
                and socket.socket(fileno=os.dup(int(fd))).family == socket.AF_INET
            ]
            masked = sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, [])))
            Path(__file__).with_name("child").write_text(f"{handlers} {sockets} {masked}")
            time.sleep(600)
        return pid
"""


def test_a_pool_of_processes_works_each_time(tmp_path: Path) -> None:
    write_module(tmp_path, POOL)
    with serving(tmp_path, WORKER_TIMEOUT="10") as server:
        for number in range(200):
            assert server.predict({"values": [number, 3]}).json() == [2 * number, 6]
        assert server.log.count("is ready") == 1


def test_a_child_of_the_model_has_default_signal_handlers_and_no_sockets(tmp_path: Path) -> None:
    write_module(tmp_path, CHILD)
    with serving(tmp_path) as server, RawConnection(server.port, post(b"{}")) as connection:
        child = connection.read_response().json
        report = eventually((tmp_path / "child").read_text)
        assert report == f"{[str(signal.SIG_DFL)] * 2} [] []"
        assert server.terminate() == 0
        with pytest.raises(ConnectionRefusedError):
            RawConnection(server.port)
        os.kill(child, signal.SIGTERM)
        eventually(lambda: not Path(f"/proc/{child}/fd").exists() or is_zombie(child))


def is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


# Each worker pauses between its fork and its signal handlers.
SLOW_FORK = """
    import os, time
    os.register_at_fork(after_in_child=lambda: time.sleep(0.5))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_worker_that_has_just_been_forked_is_not_lost(
    tmp_path: Path, number: int
) -> None:
    site = write_module(tmp_path / "site", SLOW_FORK, "sitecustomize").parent
    write_module(tmp_path, "def run(row): return row\n")
    with serving(tmp_path, wait=False, PYTHONPATH=str(site)) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        eventually(lambda: children.read_text().split())
        server.process.send_signal(number)
        assert server.process.wait(10) == 0
