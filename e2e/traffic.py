"""Steady requests from outside the cluster, and windows of time that tests look at."""

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
    """One request: its times, and what came of it."""

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
    """The requests that were under way at any time of a window."""

    name: str
    all_requests: list[Request] = field(repr=False)
    start: float
    end: float = math.inf

    @property
    def requests(self) -> list[Request]:
        """Its requests, by start; complete once the traffic has ended."""
        inside = [
            request
            for request in self.all_requests
            if request.start <= self.end and request.end >= self.start
        ]
        return sorted(inside, key=lambda request: request.start)

    @property
    def failures(self) -> list[Request]:
        """Its requests that failed."""
        return [request for request in self.requests if request.failed]

    @property
    def answers(self) -> list[Any]:
        """What the others were answered."""
        return [json.loads(request.body) for request in self.requests if not request.failed]


class Traffic:
    """Several callers, half of which keep their connections."""

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
        """Start all callers, once kube-proxy leads to the service."""
        eventually(lambda: not self._send(self._connect(), keep_alive=False).failed)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the requests under way, and send no more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, keep_alive: bool) -> None:
        connection = self._connect()
        due = time.monotonic()
        while not self._stopped.wait(max(0, due - time.monotonic())):
            due = max(due + self._pause, time.monotonic() - 1)  # late: catch up a second at most
            self._requests.append(self._send(connection, keep_alive))
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=30)

    def _send(self, connection: http.client.HTTPConnection, keep_alive: bool) -> Request:
        """Send one request; the connection opens by itself, and is closed after a fault."""
        headers = {"Content-Type": "application/json"}
        if not keep_alive:
            headers["Connection"] = "close"
        start = time.monotonic()
        try:
            connection.request("POST", _PATH, self._row, headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as fault:
            connection.close()
            error = f"{type(fault).__name__}: {fault}"
            return Request(start, time.monotonic(), keep_alive, error=error)
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
