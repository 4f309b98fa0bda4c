"""Processes that die, hang, or only seem to, and what takes their place."""

import os
import signal
from pathlib import Path

import pytest
import requests

from tests.helpers import ECHO, VALID, eventually, serving, write_module

# Does what its input says.
OBEDIENT = """
    import os, sys, time

    def run(input_data):
        match input_data["do"]:
            case "exit": sys.exit("bye")
            case "die": os._exit(1)
            case "hang": time.sleep(600)
        return input_data
"""


def test_a_call_that_exits_fails_and_a_process_that_dies_or_hangs_is_replaced(
    tmp_path: Path,
) -> None:
    write_module(tmp_path, OBEDIENT)
    with serving(tmp_path, WORKER_TIMEOUT="2") as server:
        assert server.predict({"do": "exit"}).status_code == 500
        assert server.log.count("is ready") == 1
        for times, fault in enumerate(["die", "hang"], start=2):
            with pytest.raises(requests.ConnectionError):
                server.predict({"do": fault})
            assert eventually(server.is_ready)
            assert server.predict({"do": "well"}).json() == {"do": "well"}
            assert server.log.count("is ready") == times
        assert server.process.poll() is None


def test_a_process_killed_is_replaced(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        os.kill(int(children.read_text()), signal.SIGKILL)
        assert eventually(lambda: server.log.count("is ready") == 2)
        assert eventually(lambda: server.predict(VALID).json() == VALID)


def test_a_load_that_lets_nothing_else_run_is_not_taken_for_a_hang(tmp_path: Path) -> None:
    # A regular expression that backtracks holds Python's lock, for some 5 s here.
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


def test_who_calls_while_a_killed_process_is_replaced_waits_instead_of_failing(
    tmp_path: Path,
) -> None:
    source = """
        import os, time
        def init(): time.sleep(1)
        def run(_): return os.getpid()
    """
    write_module(tmp_path, source)
    with serving(tmp_path) as server:
        killed = server.predict({}).json()
        os.kill(killed, signal.SIGKILL)
        answer = server.predict({})
        assert answer.status_code == 200
        assert answer.json() != killed


def test_sighup_replaces_the_process_and_fails_nobody(tmp_path: Path) -> None:
    source = """
        import os, time
        def init(): time.sleep(0.5)
        def run(_): return os.getpid()
    """
    write_module(tmp_path, source)
    with serving(tmp_path) as server:
        old = server.predict({}).json()
        server.process.send_signal(signal.SIGHUP)
        answers = []

        def replaced() -> bool:
            answers.append(server.predict({}))
            return bool(answers[-1].json() != old)

        eventually(replaced)
        assert {answer.status_code for answer in answers} == {200}
        assert server.process.poll() is None
