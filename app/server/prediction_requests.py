"""Requests for predictions, between the event loop and the model's thread.

What has come in one turn of the loop is one batch; what comes while the model runs is the next.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from app.api.application import Application
from app.api.endpoints import Endpoint
from app.api.predictions import Call
from app.api.responses import Response
from app.errors import TimedOutError
from app.server.connection import Connection
from app.server.request import Request
from app.server.threads import Threads
from app.server.unsent import LARGE_RESPONSE

_log = logging.getLogger(__name__)

# Bytes of a body that takes more than some milliseconds to read; many short rows take longer.
_LARGE_BODY = 16_384
_LARGE_BODY_OF_ROWS = 4096
Send = Callable[[Connection, Request, Response], None]


class PredictionRequests:
    """Starts predictions, and sends what becomes of them."""

    def __init__(self, app: Application, loop: asyncio.AbstractEventLoop, send: Send) -> None:
        """Predict with `app`.

        Args:
            app: the application.
            loop: the event loop, in which all but `_finish` and `_start_in_thread` runs.
            send: sends a response.

        """
        self._predictions = app.predictions
        self._loop = loop
        self._loop_thread = threading.get_ident()
        # One: several would hold Python's lock in turn, while the event loop waits for it.
        self._thread = Threads("bodies", 1)
        self._send = send
        self._finished: deque[tuple[Connection, Request, Response]] = deque()
        self._sends_soon = False
        self._notifies_soon = False

    def check_head(self, endpoint: Endpoint, request: Request) -> None:
        """Raise what is wrong with a request before its body is read."""
        self._predictions.check_head(endpoint, request.head)

    def start(self, connection: Connection, endpoint: Endpoint, request: Request) -> None:
        """Start the predictions that a complete request asks for; raise what is wrong with it."""
        self.check_head(endpoint, request)
        limit = _LARGE_BODY if endpoint.is_single else _LARGE_BODY_OF_ROWS
        if request.received > limit or request.head.encoding:
            self._thread.submit(self._start_in_thread, connection, endpoint, request)
        else:
            self._submit(connection, endpoint, request)
            if not self._notifies_soon:
                self._notifies_soon = True
                self._loop.call_soon(self._notify)
        if timeout := self._predictions.timeout:
            request.timer = self._loop.call_later(timeout, self._time_out, connection, request)

    def cancel(self, call: Call) -> None:
        """Forget a call whose caller has gone."""
        self._predictions.cancel(call)

    def _submit(self, connection: Connection, endpoint: Endpoint, request: Request) -> None:
        request.call = self._predictions.start(
            endpoint,
            request.head,
            request.body,
            request,
            partial(self._finish, connection, request),
        )

    def _notify(self) -> None:
        self._notifies_soon = False
        self._predictions.notify()

    def _start_in_thread(
        self, connection: Connection, endpoint: Endpoint, request: Request
    ) -> None:
        request.enter()
        try:
            self._submit(connection, endpoint, request)
        except Exception as error:  # noqa: BLE001 - it becomes the response
            response = self._predictions.error_response(error, request.path)
            self._loop.call_soon_threadsafe(self._send, connection, request, response)
        else:
            self._predictions.notify()

    def _finish(self, connection: Connection, request: Request, response: Response) -> None:
        """Have the event loop send a response; called in the model's thread, for each call.

        One wake-up is enough for a batch. After a large result the thread waits until it is sent,
        or results could fill the memory.
        """
        self._finished.append((connection, request, response))
        if not self._sends_soon:
            self._sends_soon = True
            self._loop.call_soon_threadsafe(self._send_finished)
        if len(response.body) >= LARGE_RESPONSE and threading.get_ident() != self._loop_thread:
            sent = threading.Event()
            self._loop.call_soon_threadsafe(sent.set)
            sent.wait()

    def _send_finished(self) -> None:
        self._sends_soon = False  # before the queue is found empty: see _finish
        finished = self._finished
        while finished:
            connection, request, response = finished.popleft()
            try:
                self._send(connection, request, response)
            except Exception:  # noqa: BLE001 - the others still wait
                _log.exception("A response failed")
                connection.transport.abort()

    def _time_out(self, connection: Connection, request: Request) -> None:
        self._send(
            connection, request, self._predictions.error_response(TimedOutError(), request.path)
        )
