"""Clients that do not take their responses lose their connections, and hold no memory."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.helpers import Server, eventually, serving, write_module
from tests.raw_http import RawConnection, post

LARGE = "def run(row): return ['x' * 100] * row['length']\n"


def open_connections(server: Server) -> int:
    """Return the number of connections that the server has open."""
    lines = Path(f"/proc/{server.process.pid}/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(f[3] == "01" and f[1].endswith(f":{server.port:04X}") for f in fields)


def test_a_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    write_module(tmp_path, LARGE)
    one_large, many_small = post(b'{"length": 100000}'), post(b'{"length": 500}') * 200
    with (
        serving(tmp_path) as server,
        RawConnection(server.port, one_large),
        RawConnection(server.port, many_small),
    ):
        eventually(lambda: open_connections(server) == 2)
        eventually(lambda: open_connections(server) == 0)
        assert server.predict({"length": 1}).status_code == 200


def test_unsent_responses_are_bounded_in_memory(tmp_path: Path) -> None:
    write_module(tmp_path, LARGE)
    with serving(tmp_path) as server, ThreadPoolExecutor(1) as pool:
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        status = Path(f"/proc/{int(children.read_text())}/status")
        connections = [RawConnection(server.port, post(b'{"length": 200000}')) for _ in range(60)]
        assert pool.submit(server.predict, {"length": 1}).result().status_code == 200
        eventually(lambda: open_connections(server) == 0)
        peak = next(line for line in status.read_text().splitlines() if "VmHWM" in line)
        assert int(peak.split()[1]) < 500_000, "KiB; 60 responses of 20 MB each"
        for connection in connections:
            connection.close()
