"""Measures what one prediction costs beyond the model's own call: `python -m bench.cost`.

Compared are the two ways through the application, before Flask and through Flask-RESTX, for the
model `cheap`. gunicorn is not in it.
"""

import io
import json
import os
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

from app.api.shortcut import Shortcut
from app.factory import create_app
from app.metrics import PREDICT
from app.settings import Settings
from bench.servers import BENCH

CALLS = 2000
ROUNDS = 7


def main() -> None:
    """Print microseconds of CPU and the most KiB that were allocated at once, per call."""
    os.environ["OMP_NUM_THREADS"] = "1"
    app = create_app(Settings(MODEL_DIR=str(BENCH / "models"), TRAINED_MODEL_MODULE_NAME="cheap"))
    model = app.extensions["model"]
    model.load()
    row = dict.fromkeys(("x1", "x2", "x3", "x4"), 0.5)
    body = json.dumps(row).encode()
    shortcut: Shortcut = app.wsgi_app  # type: ignore[assignment]
    ways: dict[str, Callable[[], Any]] = {
        "the model alone": lambda: model.predict(row),
        "before Flask": lambda: list(shortcut(_environ(body), _start_response)),
        "through Flask-RESTX": lambda: list(shortcut.long_way(_environ(body), _start_response)),
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


def _environ(body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PREDICT,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8888",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8888",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
    }


def _start_response(status: str, *_rest: object) -> Callable[[bytes], object]:
    if status != "200 OK":
        raise RuntimeError(status)
    return lambda _data: None


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
