"""More than a process can take: what is too much is refused at once, probes are answered."""

import contextlib
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import pytest

from tests.helpers import ECHO, PREDICT, VALID, Server, eventually, serving, write_module
from tests.raw_http import LIVENESS, Wire, check_refusal, head, post

# Predicts when the gate is opened, which is a file beside it.
GATED = """
    import time
    from pathlib import Path

    FOLDER = Path(__file__).parent

    def run(input_data):
        (FOLDER / f"started-{input_data['id']}").touch()
        while not (FOLDER / "gate").exists():
            time.sleep(0.01)
        return input_data
"""
BATCHED = """
    def run_batch(rows):
        return [run(row) for row in rows]
"""


@pytest.fixture
def calls() -> Iterator[ThreadPoolExecutor]:
    """Lend threads to call from."""
    with ThreadPoolExecutor(64) as pool:
        yield pool


def check_probes(server: Server) -> None:
    for path in ("/api/liveness", "/api/readiness"):
        answer = server.get(path)
        assert answer.status_code == 200
        assert answer.elapsed.total_seconds() < 1


@pytest.mark.parametrize(
    ("most", "threads", "module"), [(8, 2, GATED), (8, 2, GATED + BATCHED), (1, 4, GATED)]
)
def test_one_call_too_many_is_refused_at_once_and_the_others_are_answered(
    tmp_path: Path, calls: ThreadPoolExecutor, most: int, threads: int, module: str
) -> None:
    write_module(tmp_path, module)
    with serving(tmp_path, MAX_PENDING=str(most), THREADS=str(threads)) as server:
        answers = [calls.submit(server.predict, {"id": i}) for i in range(most + 5)]
        try:
            for _, done in zip(range(5), as_completed(answers), strict=False):
                answer = done.result()
                assert answer.status_code == 503
                assert answer.json() == {"message": "Server Busy"}
                assert int(answer.headers["Retry-After"]) > 0
            refusals = [server.predict({"id": 99}) for _ in range(3)]
            assert min(answer.elapsed.total_seconds() for answer in refusals) < 0.5
            for _ in range(10):
                check_probes(server)
        finally:
            (tmp_path / "gate").touch()
        by_status = [answer.result().status_code for answer in answers]
        assert sorted(by_status) == [200] * most + [503] * 5
        assert server.predict({"id": 100}).json() == {"id": 100}


def test_a_refused_call_leaves_its_connection_usable(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    with (
        serving(tmp_path, MAX_PENDING="1") as server,
        Wire(server.port, post(b'{"id": 1}')) as first,
    ):
        assert eventually((tmp_path / "started-1").exists)
        with Wire(server.port, post(b'{"id": 2}')) as second:
            check_refusal(second.answer(), 503)
            (tmp_path / "gate").touch()
            assert first.answer().json == {"id": 1}
            second.send(post(b'{"id": 3}'))
            assert second.answer().json == {"id": 3}


def test_slow_uploads_count_as_calls_and_starve_no_probe(tmp_path: Path) -> None:
    write_module(tmp_path, GATED)
    (tmp_path / "gate").touch()
    with serving(tmp_path, MAX_PENDING="4") as server:
        slow = [Wire(server.port, post(b'{"id": 1}')[:-1]) for _ in range(4)]
        assert eventually(lambda: server.predict({"id": 2}).status_code == 503)
        refused = [Wire(server.port, post(b'{"id": 3}')[:-1]) for _ in range(40)]
        check_probes(server)
        for wire in refused:
            check_refusal(wire.answer(), 503)
            wire.close()
        for wire in slow:
            wire.send(b"}")
            assert wire.answer().json == {"id": 1}
            wire.close()


def test_not_ready_is_said_without_waiting_for_the_body(tmp_path: Path) -> None:
    write_module(tmp_path, GATED + "    def init():\n        run({'id': 'init'})\n")
    with serving(tmp_path, wait=False) as server:
        assert eventually((tmp_path / "started-init").exists)
        assert eventually(lambda: server.get("/api/liveness"))
        announced = head("POST", PREDICT, "Content-Type: application/json", "Content-Length: 9")
        for sent in (post(b'{"id": 1}'), announced):
            with Wire(server.port, sent) as wire:
                answer = wire.answer()
                check_refusal(answer, 503)
                assert answer.json == {"message": "Server Not Ready"}
                assert int(answer.headers["Retry-After"]) > 0
        (tmp_path / "gate").touch()
        assert eventually(server.is_ready)


@pytest.mark.parametrize("sent", [b"", LIVENESS[:-2], LIVENESS])
def test_more_connections_than_file_descriptors_keep_nobody_out(
    tmp_path: Path, sent: bytes
) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server, contextlib.ExitStack() as stack:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        resource.prlimit(int(children.read_text()), resource.RLIMIT_NOFILE, (128, 128))
        for _ in range(300):
            stack.enter_context(Wire(server.port, sent))
        for _ in range(5):
            check_probes(server)
            assert server.predict(VALID).json() == VALID
        assert server.log.count("is ready") == 1, "the worker was replaced"
        assert "ERROR" not in server.log
