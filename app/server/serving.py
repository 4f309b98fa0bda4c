"""The life of a worker's event loop: serve, watch the clock, drain, end."""

import asyncio
import faulthandler
import logging
import os
import signal
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from app.api.application import Application
from app.server import forks
from app.server.listener import Listener
from app.server.server import Server
from app.server.unsent import limit_unsent
from app.server.worker_exits import Phase

if TYPE_CHECKING:
    from app.server.worker import Worker

_log = logging.getLogger(__name__)

_TICK_SECONDS = 0.25
_DRAIN_IDLE_SECONDS = 1.0  # in which a connection may bring one more request
_FLUSH_SECONDS = 1.0  # for clients to take their responses from a process that ends
_FLUSH_STEPS = 40
# For the last traces: less where GRACEFUL_TIMEOUT is over, after which gunicorn kills in 2 s.
_EXPORT_SECONDS = 3.0
_MIN_EXPORT_SECONDS = 0.5


class Serving:
    """Serves with the application of a gunicorn worker."""

    def __init__(self, worker: "Worker") -> None:
        """Serve in the running event loop, once `run` is called."""
        self._worker = worker
        self._app: Application = worker.wsgi
        self._drain_started: float | None = None
        self._ends_at = float("inf")
        self._server: Server
        self._listener: Listener

    async def run(self) -> None:
        """Serve until a drain is over."""
        loop = asyncio.get_running_loop()
        tls = self._worker.tls
        own_count = self._worker.own_count
        self._server = Server(self._app, loop, own_count, is_tls=tls is not None)
        self._listener = Listener(self._server, loop, self._worker.sockets, tls, own_count)
        forks.protect(self._files)
        loop.add_signal_handler(signal.SIGTERM, self._drain)
        self._listener.start()
        while self._worker.alive and not self._is_drained():
            await self._tick()
            await asyncio.sleep(_TICK_SECONDS)
        await self._end()

    def _drain(self) -> None:
        """At SIGTERM turn not ready, so that callers go elsewhere, and finish the rest."""
        if self._drain_started is not None:
            return
        self._worker.phase.set(Phase.ENDING)
        self._drain_started = now = time.monotonic()
        self._ends_at = now + self._app.settings.GRACEFUL_TIMEOUT
        if not self._app.predictor.accepts_requests:
            self._listener.stop()  # at once: the worker that replaces this one may be ready
            self._worker.alive = False
            return
        self._app.predictor.drain()
        self._server.drain(now + _DRAIN_IDLE_SECONDS)

    def _is_drained(self) -> bool:
        """Return whether nobody waits for a response any more, or has waited for long enough."""
        if self._drain_started is None:
            return False
        now = time.monotonic()
        if now >= (self._drain_started + self._ends_at) / 2:
            self._listener.stop()
        is_busy = any(not connection.is_idle for connection in self._server.connections)
        return now >= self._ends_at or (
            not is_busy and now >= self._drain_started + _DRAIN_IDLE_SECONDS
        )

    async def _tick(self) -> None:
        now = time.monotonic()
        self._watch_model()
        if self._app.predictor.is_stuck:
            await self._replace()
        for connection in list(self._server.connections):
            connection.check_deadlines(now)
        limit_unsent(self._server.connections)
        self._app.metrics.publish()  # another process may be the one that is scraped
        if os.getppid() != self._worker.ppid:
            self._worker.alive = False
        if self._server.records.count >= self._worker.max_requests:
            self._drain()

    def _watch_model(self) -> None:
        """End the process where nothing in it has run for WORKER_TIMEOUT, but for a load.

        A call may hold Python's lock: no code of Python could find that out.
        """
        if self._app.predictor.is_loading:
            faulthandler.cancel_dump_traceback_later()
        else:
            timeout = self._app.settings.WORKER_TIMEOUT + _TICK_SECONDS + _FLUSH_SECONDS
            faulthandler.dump_traceback_later(timeout, exit=True)

    async def _replace(self) -> NoReturn:
        """Answer everybody, and let the master process replace this one, whose model hangs."""
        timeout = self._app.settings.WORKER_TIMEOUT
        _log.critical("A call of the model takes longer than WORKER_TIMEOUT, %d s", timeout)
        self._listener.stop()
        self._app.predictor.give_up()
        self._server.is_draining = True
        await self._flush()
        self._export_traces(_MIN_EXPORT_SECONDS)
        os._exit(1)

    async def _end(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        self._listener.stop()
        self._app.metrics.publish()
        for connection in list(self._server.connections):
            connection.transport.close()
        await self._flush()
        self._export_traces(min(_EXPORT_SECONDS, self._ends_at - time.monotonic()))

    async def _flush(self) -> None:
        """Let clients get and take their responses, for a moment."""
        for _ in range(_FLUSH_STEPS):
            await asyncio.sleep(_FLUSH_SECONDS / _FLUSH_STEPS)
            if not self._server.has_waiting():
                return

    def _export_traces(self, seconds: float) -> None:
        """Export what is left, when nobody waits any more."""
        if self._app.tracer is not None:
            self._app.tracer.close(max(_MIN_EXPORT_SECONDS, seconds))

    def _files(self) -> Iterator[int]:
        """Yield the descriptors of all sockets."""
        for listening in self._worker.sockets:
            yield listening.fileno()
        for connection in self._server.connections:
            yield connection.transport.get_extra_info("socket").fileno()
