"""gunicorn's threaded worker, which drains visibly and answers broken HTTP in JSON."""

import os
import socket
import struct
import time
from http import HTTPStatus
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn

from app.server.connections import ConnectionsWorker, send_error
from app.server.traffic import Traffic

if TYPE_CHECKING:  # see hooks.py
    from app.api.application import Application

# Seconds without a byte after which a client that is to send, or to take, loses its connection.
_STALL_SECONDS = 5

# Seconds for which a load may let nothing else run. The startup probe is what bounds a load.
_LOAD_SECONDS = 3600

_FAULTS = {
    errors.ExpectationFailed: (HTTPStatus.EXPECTATION_FAILED, "The Expect header is unknown"),
    errors.LimitRequestHeaders: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
        "The request's headers are too large",
    ),
    errors.LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "The request's path is too long"),
    errors.UnsupportedTransferCoding: (
        HTTPStatus.NOT_IMPLEMENTED,
        "The request's Transfer-Encoding is unknown",
    ),
}
_INVALID = (HTTPStatus.BAD_REQUEST, "The request is not valid HTTP")


class Worker(ConnectionsWorker):
    """Serves while it drains: until its requests are answered, new ones are too."""

    _stop_accepting_at: float | None = None
    _latest: TConn | None = None  # whose request was the last to be handled

    def init_process(self) -> None:
        """Bound how long a connection may stall, then serve."""
        timeout = struct.pack("ll", _STALL_SECONDS, 0)
        for listener in self.sockets:  # accepted sockets inherit the options
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        # gunicorn alone logs requests, and ends a process after so many.
        self._takes_shortcut = not (self.log.access_log_enabled or self.cfg.max_requests)
        super().init_process()

    def notify(self) -> None:
        """Tell the master process that this one is well, as of the start of its oldest call.

        While a model loads it is well for longer: what loads may hold Python's lock.
        """
        well = time.monotonic()
        if app := self._app():
            loads = app.predictor.is_loading
            well += _LOAD_SECONDS if loads else -app.predictor.watchdog.oldest_call_age()
        os.utime(self.tmp.fileno(), (well, well))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """At SIGTERM turn not ready, so that callers go elsewhere, and finish the rest."""
        if self._stop_accepting_at is None:
            self._stop_accepting_at = time.monotonic()
            if (app := self._app()) and app.predictor.accepts_requests:
                app.predictor.drain()
                self._stop_accepting_at += self.cfg.graceful_timeout / 2
        super().handle_exit(sig, frame)

    def handle_quit(self, _sig: int, _frame: FrameType | None) -> NoReturn:
        """At SIGINT or SIGQUIT end at once: an orderly exit would wait for the threads."""
        os._exit(0)

    def handle_abort(self, _sig: int, _frame: FrameType | None) -> NoReturn:
        """At SIGABRT, by which the master process ends one that hangs, end likewise."""
        os._exit(1)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - the base's signature
        """Go on accepting while requests under way are finished, but not for ever."""
        stop_at = self._stop_accepting_at
        if enabled or stop_at is None or time.monotonic() >= stop_at:
            super().set_accept_enabled(enabled)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Dispatch events; stop accepting when a drain has lasted half of its time."""
        if self._stop_accepting_at is not None and time.monotonic() >= self._stop_accepting_at:
            self.set_accept_enabled(False)
        super().wait_for_and_dispatch_events(timeout)

    def enqueue(self, conns: list[TConn]) -> None:
        """Tell the model how many requests are about to be handled, then hand them out."""
        if app := self._app():
            _traffic(app).expect(len(conns))
        super().enqueue(conns)

    def handle(self, conn: TConn) -> bool:
        """Answer a request and, of a client that alone sends some, those that follow it."""
        if not (app := self._app()):
            return bool(super().handle(conn))
        traffic = _traffic(app)
        while True:
            again, self._latest = self._latest is conn, conn
            traffic.begin()
            try:
                stays = self._answer(conn)
            finally:
                traffic.end()
            alone = again and self._latest is conn and self.alive
            if not (stays and alone and self.next_has_come(conn)):
                return stays
            traffic.expect(1)

    def _answer(self, conn: TConn) -> bool:
        """Answer a request the short way or the long one; tell whether the connection goes on."""
        shortcut = self.wsgi.extensions.get("shortcut")
        if shortcut and self._takes_shortcut:
            may_stay = self.alive and len(self.keepalived_conns) < self.max_keepalived
            stays = shortcut.answer(conn, self.cfg, keep_alive=may_stay)
            if stays is not None:
                return bool(stays)
        return bool(super().handle(conn))

    def handle_error(
        self, _req: Request | None, client: socket.socket, addr: object, exc: Exception
    ) -> None:
        """Answer a request that is not HTTP, which never reached the application."""
        if isinstance(exc, errors.ParseException):
            self.log.debug("Invalid request from %s: %s", addr, exc)
            send_error(client, *_FAULTS.get(type(exc), _INVALID))
        else:
            self.log.error("Request from %s failed", addr, exc_info=exc)
            status = HTTPStatus.INTERNAL_SERVER_ERROR
            send_error(client, status, "An unhandled exception occurred")

    def _app(self) -> "Application | None":
        """Return the application, if it is imported."""
        return getattr(self, "wsgi", None)


def _traffic(app: "Application") -> Traffic:
    traffic: Traffic = app.extensions["traffic"]
    return traffic
