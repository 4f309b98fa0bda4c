"""gunicorn's threaded worker, whose threads wait for nobody and which drains visibly.

A connection takes a thread only from a request's complete head to the answer. The main loop
waits for heads, and for clients to hang up: however many stall there, probes find a thread.
"""

import errno
import os
import re
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ
from typing import Any, NoReturn

import orjson
from gunicorn.http import errors
from gunicorn.http.message import Request
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

# Seconds that a head may take, and that a body, or a client who is to take an answer, may pause.
_STALL_SECONDS = 5
# Seconds that a client may take to hang up; until then nothing that it sends resets its answer.
_LINGER_SECONDS = 2
_LONGEST_HEAD = 65_536
# The head is complete, or will never be: gunicorn refuses a line feed alone.
_HEAD_ENDS = re.compile(rb"\r\n\r\n|(?<!\r)\n")

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


class Worker(ThreadWorker):
    """Serves while it drains: until its requests are answered, new ones are too."""

    _stop_accepting_at: float | None = None

    def init_process(self) -> None:
        """Bound how long a connection may stall, then serve."""
        self._lingering: deque[TConn] = deque()
        timeout = struct.pack("ll", _STALL_SECONDS, 0)
        for listener in self.sockets:  # accepted sockets inherit the options
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeout)
        super().init_process()

    def accept(self, listener: Any) -> None:  # noqa: ANN401
        """Take a new connection, which is idle until it sends something."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return  # otherwise the client is gone, or another process has it
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.init()
        conn.parser.mesg_class = _Request
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._wait_for_request(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Take what came of a head; give the connection to a thread when that is all."""
        buffer = conn.parser.unreader.buf
        length = buffer.seek(0, os.SEEK_END)
        try:
            data = client.recv(_LONGEST_HEAD)
        except OSError:
            data = b""
        buffer.write(data)
        if not length:
            self.keepalived_conns.remove(conn)
            self._start_head(conn)
        if data:
            self._examine_head(conn, length)
        elif length:
            self._refuse(conn, HTTPStatus.BAD_REQUEST, "The request is not complete")
        else:
            self._end(conn, self.pending_conns)

    def finish_request(self, conn: TConn, future: Future[bool]) -> None:
        """Keep a connection whose request is answered for its next one, or see it off."""
        if future.exception() or not future.result():
            self._linger(conn)
        elif conn.parser.unreader.buf.getbuffer().nbytes:  # the next one is here already
            conn.sock.setblocking(False)
            self.poller.register(
                conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn)
            )
            self._start_head(conn)
            self._examine_head(conn)
        else:
            self._wait_for_request(conn)

    def murder_pending(self) -> None:
        """End the connections whose head, or whose client's hanging up, does not come."""
        now = time.monotonic()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            late = self.pending_conns[0]
            self._refuse(late, HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time")
        while self._lingering and self._lingering[0].timeout <= now:
            self._end(self._lingering[0], self._lingering)

    def handle_exit(self, sig: int, frame: Any) -> None:  # noqa: ANN401
        """At SIGTERM turn not ready, so that callers go elsewhere, and finish the rest."""
        if application := getattr(self, "wsgi", None):  # else it is not imported yet
            application.extensions["model"].drain()
        if self._stop_accepting_at is None:
            self._stop_accepting_at = time.monotonic() + self.cfg.graceful_timeout / 2
        super().handle_exit(sig, frame)

    def handle_quit(self, _sig: int, _frame: Any) -> NoReturn:  # noqa: ANN401
        """At SIGINT or SIGQUIT end at once; to exit would wait for the threads."""
        os._exit(0)

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

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:  # noqa: ANN401
        """Answer a request that is not HTTP, which never reached the application."""
        if not isinstance(exc, errors.ParseException):
            self.log.exception("Request from %s failed", addr)
            self._write(client, HTTPStatus.INTERNAL_SERVER_ERROR, "An unhandled exception occurred")
            return
        self.log.debug("Invalid request from %s: %s", addr, exc)
        self._write(client, *_FAULTS.get(type(exc), _INVALID))

    def _wait_for_request(self, conn: TConn) -> None:
        conn.sock.setblocking(False)
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _start_head(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + _STALL_SECONDS
        self.pending_conns.append(conn)

    def _examine_head(self, conn: TConn, known: int = 0) -> None:
        """Look for the end of the head; its first `known` bytes have been looked at."""
        buffer = conn.parser.unreader.buf
        buffer.seek(max(0, known - 3))
        if _HEAD_ENDS.search(buffer.read()):
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self.enqueue_req(conn)
        elif buffer.tell() > _LONGEST_HEAD:
            is_path = b"\r\n" not in buffer.getvalue()
            fault = errors.LimitRequestLine if is_path else errors.LimitRequestHeaders
            self._refuse(conn, *_FAULTS[fault])

    def _refuse(self, conn: TConn, status: HTTPStatus, message: str) -> None:
        """Answer a head that never will be complete."""
        self._write(conn.sock, status, message)
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Close a connection when its client has: with input unread, it would lose the answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone already
            self.nr_conns -= 1
            conn.close()
            return
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + _LINGER_SECONDS
        self._lingering.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._discard, conn))

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        try:
            data = client.recv(_LONGEST_HEAD)
        except OSError:
            data = b""
        if not data:
            self._end(conn, self._lingering)

    def _make_room(self) -> None:
        """End the connection that matters least."""
        for conns in (self._lingering, self.keepalived_conns, self.pending_conns):
            if conns:
                self._end(conns[0], conns)
                return

    def _end(self, conn: TConn, conns: deque[TConn]) -> None:
        conns.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def _write(self, client: socket.socket, status: HTTPStatus, message: str) -> None:
        body = orjson.dumps({"message": message})
        head = (
            f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        try:
            write_nonblock(client, head.encode() + body)
        except OSError:
            self.log.debug("The client of an invalid request is gone")


class _Request(Request):
    """A request after which the connection ends where its body has not arrived in full."""

    def should_close(self) -> bool:
        """Tell whether the connection ends, as the answer is about to announce."""
        if not self.must_close and not self._skip_body():
            self.force_close()
        return bool(super().should_close())

    def _skip_body(self) -> bool:
        """Discard what has arrived of the body, without waiting; tell whether that is all."""
        if self.body.failed:
            return False
        self.unreader.sock.setblocking(False)
        try:
            return len(self.body.read(_LONGEST_HEAD)) < _LONGEST_HEAD
        except Exception:  # noqa: BLE001 - more is to come, or a chunk is broken
            return False
        finally:
            self.unreader.sock.setblocking(True)
