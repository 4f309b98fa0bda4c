"""Measures what one prediction costs beyond the model's own call: `python -m bench.cost`.

Compared are the two ways of a request of the model `cheap`, from its bytes to its answer's: the
shortcut, and gunicorn's, Flask's and Flask-RESTX's. One thread takes them over a socket pair;
gunicorn's main loop and its threads are not in it.
"""

import json
import os
import socket
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

from flask import Flask
from gunicorn.config import Config
from gunicorn.http import wsgi
from gunicorn.workers.gthread import TConn

from app.config.settings import Settings
from app.factory import create_app
from app.observability.metrics import PREDICT
from bench.servers import BENCH

CALLS = 2000
ROUNDS = 7
ADDRESS = ("127.0.0.1", 8888)


def main() -> None:
    """Print microseconds of CPU and the most KiB that were allocated at once, per call."""
    os.environ["OMP_NUM_THREADS"] = "1"
    app = create_app(Settings(MODEL_DIR=str(BENCH / "models"), TRAINED_MODEL_MODULE_NAME="cheap"))
    model = app.extensions["model"]
    model.load()
    row = dict.fromkeys(("x1", "x2", "x3", "x4"), 0.5)
    caller = Caller(app, json.dumps(row).encode())
    ways: dict[str, Callable[[], Any]] = {
        "the model alone": lambda: model.predict(row),
        "by the shortcut": lambda: caller.call(caller.take_shortcut),
        "through gunicorn, Flask and Flask-RESTX": lambda: caller.call(caller.take_long_way),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            seconds[name].append(_cpu_seconds(call))
    print("| way | CPU, µs a call | most allocated at once, KiB |\n| --- | --- | --- |")
    for name, call in ways.items():
        values = [1e6 * value for value in seconds[name]]
        spread = f"{median(values):.0f} [{min(values):.0f}..{max(values):.0f}]"
        print(f"| {name} | {spread} | {_peak_kib(call):.1f} |")


class Caller:
    """Both ends of a connection."""

    def __init__(self, app: Flask, body: bytes) -> None:
        """Call `app` with `body`, again and again."""
        self._app = app
        self._config = Config()
        self._client, server = socket.socketpair()
        self._conn = TConn(self._config, server, ADDRESS, ADDRESS)
        self._conn.init()
        lines = (
            f"POST {PREDICT} HTTP/1.1",
            "Host: 127.0.0.1:8888",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        self._request = "\r\n".join((*lines, "", "")).encode() + body

    def call(self, take_way: Callable[[], None]) -> None:
        """Send the request and receive its answer.

        Raises:
            RuntimeError: it is no prediction.

        """
        self._client.sendall(self._request)
        self._conn.parser.unreader.buf.write(self._conn.sock.recv(4096))
        take_way()
        answer = self._client.recv(4096)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(answer)

    def take_shortcut(self) -> None:
        """Answer as app/server/worker.py does at first."""
        self._app.extensions["shortcut"].answer(self._conn, self._config, keep_alive=True)

    def take_long_way(self) -> None:
        """Answer as gunicorn does."""
        request = next(self._conn.parser)
        response, environ = wsgi.create(request, self._conn.sock, ADDRESS, ADDRESS, self._config)
        parts = list(self._app(environ, response.start_response))
        response.write(b"".join(parts))
        response.close()


def _cpu_seconds(call: Callable[[], Any]) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - start) / CALLS


def _peak_kib(call: Callable[[], Any]) -> float:
    tracemalloc.start()
    peaks = []
    for _ in range(100):
        before, _peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        call()
        peaks.append((tracemalloc.get_traced_memory()[1] - before) / 1024)
    tracemalloc.stop()
    return median(peaks)


if __name__ == "__main__":
    main()
