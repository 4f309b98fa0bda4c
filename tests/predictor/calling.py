"""Small models, and calls of them through a queue."""

import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any, cast

from app.codec import Row
from app.errors import RequestError
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from app.predictor.loaded_model import LoadedModel
from app.predictor.model_metrics import ModelMetrics
from app.predictor.model_thread import ModelThread
from app.predictor.module import ModelModule
from app.predictor.parameters import ANY_OBJECT


class Doubling:
    """A model that doubles each row's `x`, and records the size of each batch."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.started = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._running = threading.Lock()

    def run(self, row: Row) -> int:
        return self.run_batch([row])[0]

    def run_batch(self, rows: list[Row]) -> list[int]:
        assert self._running.acquire(blocking=False), "called twice at the same time"
        try:
            self.started.set()
            self.gate.wait(10)
            self.batches.append(len(rows))
            if any(row["x"] < 0 for row in rows):
                raise ValueError("negative")
            return [2 * row["x"] for row in rows]
        finally:
            self._running.release()


def serve(
    model: object, *, threads: int = 1, max_batch_size: int = 8, wait: float = 0
) -> CallQueue:
    """Let threads call a model; return the queue that they take its calls from."""
    queue = CallQueue(limit=1000, max_batch_size=max_batch_size, max_bytes=1000)
    has_batch = hasattr(model, "run_batch")
    loaded = LoadedModel(Path("model.py"), cast("ModelModule", model), ANY_OBJECT, has_batch)
    thread = ModelThread(queue, ModelMetrics(), max_batch_size=max_batch_size, wait=wait)
    for _ in range(threads):
        threading.Thread(target=thread.serve, args=(loaded,), daemon=True).start()
    return queue


def submit(queue: CallQueue, rows: Sequence[Row]) -> Callable[[], list[Any]]:
    """Ask for predictions; return what waits for them and returns each, or its error."""
    done = SimpleQueue[Call]()
    calls = [Call([row], f"id-{number}", done.put) for number, row in enumerate(rows, 1)]
    for call in calls:
        queue.submit(call)
    queue.notify()

    def answers() -> list[Any]:
        settled = [done.get(timeout=30) for _ in calls]
        assert set(settled) == set(calls)
        assert done.empty(), "a call is settled twice"
        return [call.error or answers_of(call)[0] for call in calls]

    return answers


def answers_of(call: Call) -> list[Any]:
    """Return the prediction of each row, or its error."""
    if call.predictions:
        return list(json.loads(call.predictions))
    return [it if isinstance(it, RequestError) else json.loads(it) for it in call.outcomes]


def ask(queue: CallQueue, *rows: Row) -> list[Any]:
    return submit(queue, rows)()
