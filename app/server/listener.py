"""Accepts connections, as many as the limit of open files allows."""

import asyncio
import errno
import logging
import math
import resource
import socket
import ssl
from collections.abc import Sequence

from app.server.connection import Connection
from app.server.connection_counts import OwnCount
from app.server.server import Server

_log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 5.0
_ACCEPTED_AT_ONCE = 100  # in a turn of the loop, which other connections wait for
_PAUSE_SECONDS = 0.001  # in which a worker with fewer connections can accept one
_CONNECTIONS = 10_000
_OTHER_FILES = 200  # what else a process opens


class Listener:
    """Accepts connections for a server."""

    def __init__(
        self,
        server: Server,
        loop: asyncio.AbstractEventLoop,
        sockets: Sequence[socket.socket],
        tls: ssl.SSLContext | None,
        own_count: OwnCount,
    ) -> None:
        """Accept nothing yet.

        Args:
            server: gets the connections.
            loop: the event loop.
            sockets: they listen.
            tls: encrypts connections; None for plain HTTP.
            own_count: shares connections with the other workers.

        """
        self._server = server
        self._loop = loop
        self._sockets = sockets
        self._tls = tls
        self._own_count = own_count
        self._is_open = False
        self._max_connections = _raise_file_limit() - _OTHER_FILES
        self._accepting: set[asyncio.Task[object]] = set()
        self._begun = 0  # connections that are not yet the server's

    def start(self) -> None:
        """Accept connections from now on."""
        self._is_open = True
        self._own_count.open()
        for listening in self._sockets:
            listening.settimeout(0)
            self._listen(listening)

    def stop(self) -> None:
        """Accept no more connections."""
        if self._is_open:
            self._is_open = False
            self._own_count.close()
            for listening in self._sockets:
                self._loop.remove_reader(listening.fileno())

    @property
    def _count(self) -> int:
        """The number of connections, those included that have just begun."""
        return len(self._server.connections) + self._begun

    def _listen(self, listening: socket.socket) -> None:
        if self._is_open:
            self._loop.add_reader(listening.fileno(), self._on_readable, listening)

    def _on_readable(self, listening: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            if self._own_count.is_exceeded_by(self._count):
                self._loop.remove_reader(listening.fileno())
                self._loop.call_later(_PAUSE_SECONDS, self._accept_after_pause, listening)
                return
            if not self._accept(listening):
                return

    def _accept_after_pause(self, listening: socket.socket) -> None:
        if self._is_open:
            self._accept(listening)
            self._listen(listening)

    def _accept(self, listening: socket.socket) -> bool:
        """Accept a connection; return whether there was one."""
        try:
            client, _address = listening.accept()
        except OSError as error:  # the client has gone, or another worker has it, or …
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return False
        client.settimeout(0)
        connecting = self._loop.connect_accepted_socket(
            lambda: Connection(self._server, self._made),
            client,
            ssl=self._tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if self._tls else None,
        )
        task: asyncio.Task[object] = self._loop.create_task(connecting)
        self._accepting.add(task)
        self._begun += 1
        task.add_done_callback(self._accepted)
        if self._count > self._max_connections:
            self._make_room()
        return True

    def _made(self) -> None:
        self._begun -= 1

    def _accepted(self, task: asyncio.Task[object]) -> None:
        self._accepting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._begun -= 1
            is_clients = isinstance(error, OSError)  # it has gone, or speaks no TLS
            _log.log(
                logging.DEBUG if is_clients else logging.ERROR,
                "A connection failed",
                exc_info=error,
            )

    def _make_room(self) -> None:
        """End the connection that matters least."""
        connections = self._server.connections
        waiting = (c for c in connections if c.is_idle or c.is_closing)
        connection = next(waiting, None) or min(connections, key=lambda c: c.deadline, default=None)
        if connection is not None and math.isfinite(connection.deadline):
            connection.transport.abort()
            self._server.remove(connection)  # or it would count until the loop's next turn


def _raise_file_limit() -> int:
    """Allow as many open files as connections take; return how many are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < wanted and soft != resource.RLIM_INFINITY:
        _log.warning(
            "The limit of open files, %d, allows %d connections, not %d: raise it (ulimit -n)",
            soft, max(0, soft - _OTHER_FILES), _CONNECTIONS,
        )  # fmt: skip
        return soft
    return wanted
