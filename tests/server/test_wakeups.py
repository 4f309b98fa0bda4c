"""The model's thread wakes the event loop once for a batch: each wake-up is a system call."""

import asyncio
from pathlib import Path
from typing import Any

import uvloop

from app.server.connection import Connection
from app.server.connection_counts import ConnectionCounts, OwnCount
from app.server.server import Server
from tests.helpers import free_port, make_app
from tests.raw_http import post

CALLERS = 32


MODEL = """
    import time

    def run(row):
        return row

    def run_batch(rows):
        time.sleep(0.01)
        return rows
"""


class CountingLoop(uvloop.Loop):
    """Counts the wake-ups from other threads."""

    wakeups = 0

    def call_soon_threadsafe(self, *args: Any, **kwargs: Any) -> asyncio.Handle:  # type: ignore[override]
        """Count a wake-up."""
        self.wakeups += 1
        return super().call_soon_threadsafe(*args, **kwargs)


async def predict(port: int) -> bytes:
    """Return the beginning of the response to a prediction."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(post(b"{}"))
    status = await reader.readline()
    writer.close()
    return status


async def predict_at_once(loop: CountingLoop, server: Server) -> list[bytes]:
    """Return the first lines of the responses to all callers."""
    port = free_port()
    async with await loop.create_server(lambda: Connection(server), "127.0.0.1", port):
        return await asyncio.gather(*[predict(port) for _ in range(CALLERS)])


def test_a_batch_wakes_the_loop_once(tmp_path: Path) -> None:
    app = make_app(tmp_path, MODEL)
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, CountingLoop)
        server = Server(app, loop, OwnCount(ConnectionCounts(1), 0), is_tls=False)
        for _ in range(10):
            statuses = runner.run(predict_at_once(loop, server))
            assert statuses == [b"HTTP/1.1 200 OK\r\n"] * CALLERS
    assert loop.wakeups < 10 * CALLERS / 4
