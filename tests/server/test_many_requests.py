"""100,000 requests: each caller gets its own responses, and nothing is left behind."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.helpers import Server, eventually, parse_metrics, serving, write_module
from tests.raw_http import RawConnection, post

REQUESTS = 100_000
CALLERS = 40
PIPELINED = 25
UNHANDLED = b'{"message":"An unhandled exception occurred"}'
# Every 997th row fails in a batch, and alone.
MODEL = """
    def sample(): return {"id": 1}
    def run(row):
        if row["id"] % 997 == 0:
            raise ValueError
        return {"id": row["id"], "text": row.get("text")}
    def run_batch(rows): return [run(row) for row in rows]
"""


def call(server: Server, caller: int) -> None:
    """Send requests and check the responses; go away now and then without reading them."""
    ids = range(caller, REQUESTS, CALLERS)
    choose = random.Random(caller)
    connection = RawConnection(server.port)
    for start in range(0, len(ids), PIPELINED):
        batch = ids[start : start + PIPELINED]
        text = b"x" * (30_000 if choose.random() < 0.02 else 10)
        bodies = {number: b'{"id":%d,"text":"%b"}' % (number, text) for number in batch}
        connection.send(b"".join(map(post, bodies.values())))
        if choose.random() < 0.02:
            connection.close()
            connection = RawConnection(server.port)
            continue
        for number, body in bodies.items():
            expected = (500, UNHANDLED) if number % 997 == 0 else (200, body)
            assert connection.read_fast() == expected
    connection.close()


def resources(worker: int) -> tuple[int, int, int]:
    """Return the threads, the descriptors and the memory in MiB of a process."""
    process = Path(f"/proc/{worker}")
    threads, files = (len(list((process / name).iterdir())) for name in ("task", "fd"))
    pages = int((process / "statm").read_text().split()[1])
    return threads, files, pages * os.sysconf("SC_PAGE_SIZE") // 2**20


def test_many_callers_get_their_own_responses_and_leave_nothing_behind(tmp_path: Path) -> None:
    write_module(tmp_path, MODEL)
    with serving(tmp_path, ACCESS_LOG="off", LOG_LEVEL="ERROR", MAX_PENDING="1000") as server:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        worker = int(children.read_text())

        threads, files, memory = resources(worker)
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(lambda caller: call(server, caller), range(CALLERS)))
        eventually(lambda: resources(worker)[1] <= files + 1)
        assert resources(worker)[0] == threads
        assert resources(worker)[2] < memory + 60
        metrics = parse_metrics(server.get("/metrics").text)
        assert metrics["ml_rest_api_predictions_pending",] == 0
        assert server.log.count("is ready") == 0, "it is no error"
