"""Connections that wait for their clients without a thread.

A connection takes a thread from a request's complete head to its answer. The main loop waits
for heads, and for clients to hang up: however many stall there, a probe finds a thread.
"""

import errno
import os
import re
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from http import HTTPStatus
from selectors import EVENT_READ

import orjson
from gunicorn.http.message import Request
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

# Seconds that a head may take, and that a client may take to hang up after the last answer.
_HEAD_SECONDS = 5
_LINGER_SECONDS = 2
_ATTENTION_MILLISECONDS = 20  # for which a thread waits for the next request on a connection
# A pause before a connection is accepted: longer for each that the process has, up to a number.
_SECONDS_PER_CONNECTION = 0.00004
_CROWD = 25
_MOST_BYTES = 65_536  # of a head, and of a body that nobody wanted
# The head is complete, or will never be: gunicorn refuses a line feed alone.
_HEAD_ENDS = re.compile(rb"\r\n\r\n|(?<!\r)\n")


class ConnectionsWorker(ThreadWorker):
    """gunicorn's threaded worker, whose threads see complete heads only.

    A connection is idle (in `keepalived_conns`), sends a head (in `pending_conns`), has sent it
    (in `_ready`), is in a thread's hands, or has had its last answer (in `lingering_conns`).
    """

    def init_process(self) -> None:
        """Serve until told to end."""
        self.lingering_conns: deque[TConn] = deque()
        self._ready: list[TConn] = []  # their heads are complete
        super().init_process()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, which is idle until it sends something.

        Of several processes, one that has more connections comes later, so that they share them:
        the quickest would get nearly all of a burst.
        """
        if self.cfg.workers > 1:
            time.sleep(_SECONDS_PER_CONNECTION * min(self.nr_conns, _CROWD))
        try:
            client, address = listener.accept()
        except OSError as error:  # the client has gone, or another process has it, or …
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._make_room()
            return
        conn = TConn(self.cfg, client, address, listener.getsockname())
        conn.init()
        conn.parser.mesg_class = _Request
        self.nr_conns += 1
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        self._wait_for_request(conn)

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Take what came of a head; give the connection to a thread when that is all."""
        if client.fileno() < 0:  # ended to make room after the event had come
            return
        buffer = conn.parser.unreader.buf
        known = buffer.seek(0, os.SEEK_END)
        try:
            data = client.recv(_MOST_BYTES)
        except OSError:
            data = b""
        buffer.write(data)
        if not known:
            self.keepalived_conns.remove(conn)
            self._start_head(conn)
        if data:
            self._examine_head(conn, known)
        elif known:
            self._refuse(conn, HTTPStatus.BAD_REQUEST, "The request is not complete")
        else:
            self._end(conn, self.pending_conns)

    def finish_request(self, conn: TConn, future: Future[bool]) -> None:
        """Keep a connection whose request is answered for the next one, or see it off."""
        if future.exception() or not future.result():
            self._linger(conn)
        elif conn.parser.unreader.buf.getbuffer().nbytes:  # the next one is here already
            self._watch(conn, self.on_client_socket_readable)
            self._start_head(conn)
            self._examine_head(conn, 0)
        else:
            self._wait_for_request(conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Take what has come, then give the requests whose heads are complete to threads."""
        super().wait_for_and_dispatch_events(timeout)
        ready, self._ready = self._ready, []
        self.enqueue(ready)

    def enqueue(self, conns: list[TConn]) -> None:
        """Give each connection to a thread."""
        for conn in conns:
            self.enqueue_req(conn)

    def next_has_come(self, conn: TConn) -> bool:
        """Wait a moment, in a thread, for the head of the connection's next request.

        Who calls again at once is spared the way through the main loop and to another thread.
        """
        buffer = conn.parser.unreader.buf
        coming = select.poll()
        coming.register(conn.sock, select.POLLIN)
        if buffer.getbuffer().nbytes or not coming.poll(_ATTENTION_MILLISECONDS):
            return False
        try:
            buffer.write(conn.sock.recv(_MOST_BYTES))
        except OSError:  # the main loop will see
            return False
        return bool(_HEAD_ENDS.search(buffer.getbuffer()))

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:  # noqa: FBT001 - gunicorn's
        """Tell whether the connection stays: `_Request` has seen to what is left of its body."""
        conn.parser.mesg = None  # or the parser would ask for the rest of it once more
        return keepalive

    def murder_pending(self) -> None:
        """End the connections whose head, or whose client's hanging up, does not come."""
        now = time.monotonic()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            late = self.pending_conns[0]
            self._refuse(late, HTTPStatus.REQUEST_TIMEOUT, "The request did not arrive in time")
        while self.lingering_conns and self.lingering_conns[0].timeout <= now:
            self._end(self.lingering_conns[0], self.lingering_conns)

    def _watch(self, conn: TConn, callback: Callable[[TConn, socket.socket], None]) -> None:
        conn.sock.settimeout(0)
        self.poller.register(conn.sock, EVENT_READ, partial(callback, conn))

    def _wait_for_request(self, conn: TConn) -> None:
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self._watch(conn, self.on_client_socket_readable)

    def _start_head(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + _HEAD_SECONDS
        self.pending_conns.append(conn)

    def _examine_head(self, conn: TConn, known: int) -> None:
        """Look for the end of a head whose first `known` bytes do not have it."""
        buffer = conn.parser.unreader.buf
        buffer.seek(max(0, known - 3))
        if _HEAD_ENDS.search(buffer.read()):
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self._ready.append(conn)
        elif buffer.tell() > _MOST_BYTES:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(conn, status, "The request's headers are too large")

    def _refuse(self, conn: TConn, status: HTTPStatus, message: str) -> None:
        """Answer a head that will never be complete."""
        send_error(conn.sock, status, message)
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Close a connection once its client has: with input unread, it would lose the answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone
            self.nr_conns -= 1
            conn.close()
            return
        conn.timeout = time.monotonic() + _LINGER_SECONDS
        self.lingering_conns.append(conn)
        self._watch(conn, self._discard)

    def _discard(self, conn: TConn, client: socket.socket) -> None:
        if client.fileno() < 0:
            return
        try:
            data = client.recv(_MOST_BYTES)
        except OSError:
            data = b""
        if not data:
            self._end(conn, self.lingering_conns)

    def _make_room(self) -> None:
        """End the connection that matters least."""
        for conns in (self.lingering_conns, self.keepalived_conns, self.pending_conns):
            if conns:
                self._end(conns[0], conns)
                return

    def _end(self, conn: TConn, conns: deque[TConn]) -> None:
        conns.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


def send_error(client: socket.socket, status: HTTPStatus, message: str) -> None:
    """Send the last answer of a connection whose request never reached the application."""
    body = orjson.dumps({"message": message})
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        write_nonblock(client, head.encode() + body)
    except OSError:  # the client has gone, or does not read
        return


class _Request(Request):
    """A request after which the connection ends where its body has not arrived in full."""

    def should_close(self) -> bool:
        """Tell whether the connection ends, which the answer is about to announce."""
        if not self.must_close and not self._skip_body():
            self.force_close()
        return bool(super().should_close())

    def _skip_body(self) -> bool:
        """Discard what has arrived of the body, without waiting; tell whether that is all."""
        if self.body.failed:
            return False
        if getattr(self.body.reader, "length", None) == 0:  # all is read
            return True
        self.unreader.sock.settimeout(0)
        try:
            return len(self.body.read(_MOST_BYTES)) < _MOST_BYTES
        except Exception:  # noqa: BLE001 - more is to come, or a chunk is broken
            return False
        finally:
            self.unreader.sock.settimeout(None)
