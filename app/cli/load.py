"""Sends the same request again and again, on several connections at the same time."""

import asyncio
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import click
import httptools
import uvloop

_OVERLOADED = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
_PAUSE = 0.02  # seconds, after a response of an overloaded service
_TIMEOUT = 120  # seconds, beyond those that the load is to take


@dataclass
class Load:
    """Requests, and what became of them.

    Attributes:
        port: of a service on the loopback interface.
        path: of the API.
        body: of each request, JSON.
        latencies: of the predictions so far, in seconds.
        seconds: from the first request to the last response.

    """

    port: int
    path: str
    body: bytes
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0

    def run(self, clients: int, seconds: float) -> None:
        """Let so many clients call, each at least once, until `seconds` have passed.

        Raises:
            ClickException: a response is neither a prediction, nor that of an overloaded service.
            TimeoutError: no response came.
            OSError: a connection broke.

        """
        start = time.monotonic()
        uvloop.run(self._run(clients, start + seconds))
        self.seconds = time.monotonic() - start

    async def _run(self, clients: int, end: float) -> None:
        loop = asyncio.get_running_loop()
        connections = [_Connection(self, end, loop) for _ in range(clients)]
        async with asyncio.timeout(end - time.monotonic() + _TIMEOUT):
            for each in connections:
                await loop.create_connection(lambda each=each: each, "127.0.0.1", self.port)  # type: ignore[misc]
            await asyncio.gather(*(each.is_done for each in connections))


class _Connection(asyncio.Protocol):
    """A client, which calls again once it has its response."""

    def __init__(self, load: Load, end: float, loop: asyncio.AbstractEventLoop) -> None:
        self.is_done: asyncio.Future[None] = loop.create_future()
        self._load = load
        self._end = end
        self._loop = loop
        self._parser = httptools.HttpResponseParser(self)
        head = (
            f"POST {load.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(load.body)}\r\n\r\n"
        )
        self._request = head.encode() + load.body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.is_done.done():
            self.is_done.set_exception(error or ConnectionResetError("closed by the service"))

    def on_message_begin(self) -> None:
        self._body = b""

    def on_body(self, part: bytes) -> None:
        self._body += part

    def on_message_complete(self) -> None:
        now = time.monotonic()
        status = self._parser.get_status_code()
        if status == HTTPStatus.OK:
            self._load.latencies.append(now - self._start)
        elif status not in _OVERLOADED:
            text = self._body[:1000].decode(errors="replace").strip()
            self._finish(click.ClickException(f"{self._load.path} answered {status}: {text}"))
            return
        if now >= self._end:
            self._finish()
        elif status == HTTPStatus.OK:
            self._send()
        else:
            self._loop.call_later(_PAUSE, self._send)

    def _send(self) -> None:
        self._start = time.monotonic()
        self._transport.write(self._request)

    def _finish(self, error: Exception | None = None) -> None:
        if not self.is_done.done():
            self.is_done.set_exception(error) if error else self.is_done.set_result(None)
        self._transport.close()
