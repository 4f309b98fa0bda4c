"""Worker processes that die, hang or seem to hang, and their replacement."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
import requests

from tests.helpers import ECHO, MISBEHAVING, VALID, eventually, serving, write_module
from tests.raw_http import RawConnection, post

SLOW_START = """
    import os, time
    def init(): time.sleep(0.5)
    def run(_): return os.getpid()
"""


def test_a_worker_that_dies_or_hangs_is_replaced_and_one_whose_model_exits_is_not(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, MISBEHAVING)
    with serving(tmp_path, WORKER_TIMEOUT="2") as server:
        assert server.predict({"do": "exit"}).status_code == 500
        assert server.log.count("is ready") == 1
        for times, action in enumerate(["die", "hang"], start=2):
            if action == "die":
                with pytest.raises(requests.ConnectionError):
                    server.predict({"do": action})
            else:
                assert server.predict({"do": action}).status_code == 504
            eventually(lambda times=times: server.log.count("is ready") == times)  # type: ignore[misc]
            assert eventually(server.is_ready)
            assert server.predict({"do": "well"}).json() == {"do": "well"}
            assert server.log.count("is ready") == times
        assert server.process.poll() is None


def test_refusals_that_were_put_off_are_sent_before_a_worker_is_replaced(tmp_path: Path) -> None:
    write_module(tmp_path, MISBEHAVING)
    with (
        serving(tmp_path, WORKER_TIMEOUT="2", MAX_PENDING="1") as server,
        contextlib.ExitStack() as stack,
    ):
        start = time.monotonic()
        hanging = stack.enter_context(RawConnection(server.port, post(b'{"do": "hang"}')))
        refused = [stack.enter_context(RawConnection(server.port)) for _ in range(600)]
        time.sleep(max(0.0, start + 1.8 - time.monotonic()))
        for connection in refused:  # more than a process refuses before it is replaced
            connection.send(post(b'{"do": "well"}'))
        assert hanging.read_response().status == 504
        assert {connection.read_response().status for connection in refused} == {503}


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        os.kill(int(children.read_text()), signal.SIGKILL)
        assert eventually(lambda: server.log.count("is ready") == 2)
        assert eventually(lambda: server.predict(VALID).json() == VALID)


def test_a_load_that_blocks_all_threads_does_not_count_as_a_hang(tmp_path: Path) -> None:
    # A regular expression that backtracks holds Python's global lock, here for about 5 s.
    source = """
        import pathlib, re, time
        def init():
            with pathlib.Path(__file__).with_name("inits").open("a") as file:
                file.write("init ")
            start = time.monotonic()
            while time.monotonic() < start + 5:
                re.match("(a+)+$", "a" * 27 + "b")
        def run(_): return 1
    """
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, WORKER_TIMEOUT="2") as server:
        eventually(server.is_ready, within=60)
        assert (tmp_path / "inits").read_text() == "init "
        assert "ERROR" not in server.log


def test_a_caller_waits_while_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    write_module(tmp_path, SLOW_START)
    with serving(tmp_path) as server:
        killed = server.predict({}).json()
        os.kill(killed, signal.SIGKILL)
        response = server.predict({})
        assert response.status_code == 200
        assert response.json() != killed


def test_sighup_replaces_the_worker_without_a_failed_request(tmp_path: Path) -> None:
    write_module(tmp_path, SLOW_START)
    with serving(tmp_path) as server:
        old = server.predict({}).json()
        server.process.send_signal(signal.SIGHUP)
        responses = []

        def replaced() -> bool:
            responses.append(server.predict({}))
            return bool(responses[-1].json() != old)

        eventually(replaced)
        assert {response.status_code for response in responses} == {200}
        assert server.process.poll() is None
