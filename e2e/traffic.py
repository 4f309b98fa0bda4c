"""Steady requests from outside the cluster, recorded in windows of time."""

import contextlib
import http.client
import json
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.helpers import eventually

_PATH = "/api/model/predict"


@dataclass(frozen=True)
class Request:
    """One request: its times and its result."""

    start: float
    end: float
    keep_alive: bool
    status: int = 0
    body: bytes = b""
    retry_after: str | None = None
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether the caller did not get a prediction."""
        return self.status != http.client.OK


@dataclass
class Window:
    """The requests that were in progress at any time during a window."""

    name: str
    all_requests: list[Request] = field(repr=False)
    start: float
    end: float = math.inf

    @property
    def requests(self) -> list[Request]:
        """The requests, sorted by start; complete after the traffic has stopped."""
        inside = [
            request
            for request in self.all_requests
            if request.start <= self.end and request.end >= self.start
        ]
        return sorted(inside, key=lambda request: request.start)

    @property
    def failures(self) -> list[Request]:
        """The requests that failed."""
        return [request for request in self.requests if request.failed]

    @property
    def predictions(self) -> list[Any]:
        """The predictions that the other requests returned."""
        return [json.loads(request.body) for request in self.requests if not request.failed]


class Traffic:
    """Several callers, half of which use keep-alive connections."""

    def __init__(self, address: str, row: Any, rate: float, callers: int) -> None:
        self._address = address
        self._row = json.dumps(row).encode()
        self._pause = callers / rate
        self._requests: list[Request] = []
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._call, args=(number % 2 == 0,), name=f"caller-{number}")
            for number in range(callers)
        ]

    @contextlib.contextmanager
    def window(self, name: str) -> Iterator[Window]:
        """Mark a window of time, from the `with` block's start to its end."""
        window = Window(name, self._requests, time.monotonic())
        try:
            yield window
        finally:
            window.end = time.monotonic()

    def start(self) -> None:
        """Start all callers as soon as kube-proxy routes to the service."""
        eventually(lambda: not self._send(self._connect(), keep_alive=False).failed)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop sending requests, and wait for the running ones."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, keep_alive: bool) -> None:
        connection = self._connect()
        due = time.monotonic()
        while not self._stopped.wait(max(0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - 1)  # if late, catch up at most 1 s
            self._requests.append(self._send(connection, keep_alive))
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=30)

    def _send(self, connection: http.client.HTTPConnection, keep_alive: bool) -> Request:
        """Send one request; the connection opens automatically and is closed after an error."""
        headers = {"Content-Type": "application/json"}
        if not keep_alive:
            headers["Connection"] = "close"
        start = time.monotonic()
        try:
            connection.request("POST", _PATH, self._row, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            message = f"{type(error).__name__}: {error}"
            return Request(start, time.monotonic(), keep_alive, error=message)
        retry_after = response.getheader("Retry-After")
        return Request(start, time.monotonic(), keep_alive, response.status, body, retry_after)


@contextlib.contextmanager
def traffic(address: str, row: Any, rate: float = 300, callers: int = 8) -> Iterator[Traffic]:
    """Send `row` to the model at `address`, `rate` times a second, until the block ends."""
    background = Traffic(address, row, rate, callers)
    background.start()
    try:
        yield background
    finally:
        background.stop()
