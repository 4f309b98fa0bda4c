"""Measure the cost of one prediction beyond the model's own call: `python -m bench.cost`.

Compare the two paths of a request for the model `cheap`, from request bytes to response bytes: the
fast path, and the full path through gunicorn, Flask and Flask-RESTX. One thread runs both over a
socket pair, without gunicorn's main loop and its threads.
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

from app.api.application import Application
from app.api.paths import PREDICT
from app.config.settings import Settings
from app.factory import create_app
from app.predictor.loaded_model import LoadedModel
from bench.servers import BENCH

CALLS = 2000
ROUNDS = 7
ADDRESS = ("127.0.0.1", 8888)


def main() -> None:
    """Print the CPU time and the peak memory allocation per request."""
    os.environ["OMP_NUM_THREADS"] = "1"
    app = create_app(Settings(MODEL_DIR=str(BENCH / "models"), TRAINED_MODEL_MODULE_NAME="cheap"))
    app.predictor.load()
    with app.predictor.acquire() as model:
        _measure(app, model)


def _measure(app: Application, model: LoadedModel) -> None:
    row = dict.fromkeys(("x1", "x2", "x3", "x4"), 0.5)
    connection = Connection(app, json.dumps(row).encode())
    paths: dict[str, Callable[[], Any]] = {
        "model alone": lambda: model.predict(row),
        "fast path": lambda: connection.send(connection.fast_path),
        "full path (gunicorn, Flask and Flask-RESTX)": lambda: connection.send(
            connection.full_path
        ),
    }
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name, call in paths.items():
            seconds[name].append(_cpu_seconds(call))
    print("| path | CPU, µs per request | peak allocation, KiB |\n| --- | --- | --- |")
    for name, call in paths.items():
        values = [1e6 * value for value in seconds[name]]
        cpu = f"{median(values):.0f} [{min(values):.0f}..{max(values):.0f}]"
        print(f"| {name} | {cpu} | {_peak_kib(call):.1f} |")


class Connection:
    """Both ends of a client's connection."""

    def __init__(self, app: Flask, body: bytes) -> None:
        """Connect to `app`, to send `body` repeatedly."""
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

    def send(self, respond: Callable[[], None]) -> None:
        """Send the request, respond to it by one of the paths, and receive the response.

        Raises:
            RuntimeError: the status is not 200.

        """
        self._client.sendall(self._request)
        self._conn.parser.unreader.buf.write(self._conn.sock.recv(4096))
        respond()
        response = self._client.recv(4096)
        if not response.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(response)

    def fast_path(self) -> None:
        """Respond as app/server/worker.py does for valid predictions."""
        self._app.extensions["shortcut"].answer(self._conn, self._config, keep_alive=True)

    def full_path(self) -> None:
        """Respond as gunicorn does."""
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
