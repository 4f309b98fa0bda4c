"""Connections are shared evenly between the worker processes."""

import contextlib
from collections import Counter
from pathlib import Path
from statistics import median

from tests.helpers import Server, eventually, serving, write_module
from tests.raw_http import RawConnection, post

CONNECTIONS = 60


def responses_of_a_burst(server: Server) -> Counter[int]:
    """Open connections at once; return how many each worker has got."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(RawConnection(server.port)) for _ in range(CONNECTIONS)]
        for connection in opened:
            connection.send(post(b"{}"))
        return Counter(connection.read_response().json for connection in opened)


def test_a_burst_of_connections_is_shared_evenly(tmp_path: Path) -> None:
    write_module(tmp_path, "import os\ndef run(row): return os.getpid()\n")
    with serving(tmp_path, WORKERS="3") as server:
        eventually(lambda: len(responses_of_a_burst(server)) == 3)
        bursts = [responses_of_a_burst(server).values() for _ in range(15)]
        # Mostly: on a busy machine a worker may not run when it is its turn.
        assert median(max(counts) - min(counts) for counts in bursts) <= 10


def test_a_worker_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    write_module(
        tmp_path, "import os\ndef run(row):\n    if row: os._exit(1)\n    return os.getpid()\n"
    )
    with serving(tmp_path, WORKERS="2") as server:
        with RawConnection(server.port, post(b'{"a": 1}')) as connection:
            assert connection.is_closed_by_server()
        for _ in range(200):
            assert server.predict({}).status_code == 200
