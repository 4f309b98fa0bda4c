"""A burst of connections is accepted in few turns of the event loop, and each counts once."""

import asyncio
import socket
from pathlib import Path

import uvloop

from app.server.connection_counts import ConnectionCounts, OwnCount
from app.server.listener import Listener
from app.server.server import Server
from tests.helpers import ECHO, make_app

CLIENTS = 50
TURNS = 10


def test_a_burst_is_accepted_in_few_turns(tmp_path: Path) -> None:
    app = make_app(tmp_path, ECHO)

    async def accepted(listening: socket.socket) -> tuple[int, int]:
        own_count = OwnCount(ConnectionCounts(1), 0)
        server = Server(app, asyncio.get_running_loop(), own_count, is_tls=False)
        listener = Listener(server, asyncio.get_running_loop(), [listening], None, own_count)
        listener.start()
        counts = []
        for _ in range(TURNS):
            await asyncio.sleep(0)
            counts.append(listener._count)
        listener.stop()
        return len(server.connections), max(counts)

    with (
        socket.create_server(("127.0.0.1", 0), backlog=CLIENTS) as listening,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        clients = [socket.create_connection(listening.getsockname()) for _ in range(CLIENTS)]
        count, highest = runner.run(accepted(listening))
        for client in clients:
            client.close()
    assert (count, highest) == (CLIENTS, CLIENTS), "none counts twice"
