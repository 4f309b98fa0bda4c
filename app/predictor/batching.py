"""Joins concurrent calls into batches, without a thread of its own.

The first caller runs the model as soon as no other request is being read or answered. Those
who come meanwhile wait, and form the next batch when it is done: the first of them leads it.
So a lone call waits for nothing, and the model is never called twice at the same time.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from app.errors import ModelError
from app.predictor.module import format_exception_line
from app.server.traffic import Traffic

_log = logging.getLogger(__name__)

Row = dict[str, Any]

# Seconds for which a batch waits for other requests to be read and answered.
_PATIENCE = 0.02


class _Call:
    """One caller's row, and what came of it."""

    __slots__ = ("counts", "done", "error", "result", "row", "wakeup")

    def __init__(self, row: Row, *, counts: bool) -> None:
        self.row = row
        self.counts = counts  # as a request of the traffic
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False
        self.wakeup = threading.Lock()  # released when the call is done, or is to lead
        self.wakeup.acquire()


class Batcher:
    """Calls `run_batch` with the rows of concurrent callers, in the order of their arrival."""

    def __init__(
        self,
        run: Callable[[Row], Any],
        run_batch: Callable[[list[Row]], Sequence[Any]],
        *,
        max_size: int,
        wait: float = 0.0,
        traffic: Traffic | None = None,
    ) -> None:
        """Join calls.

        Args:
            run: predicts one row, for a call that finds no company.
            run_batch: predicts many, one result per row, in order.
            max_size: rows in a batch at the most.
            wait: seconds that the first caller of a batch waits for others.
            traffic: the requests of this process; none by default.

        """
        self._run = run
        self._run_batch = run_batch
        self._max_size = max_size
        self._wait = wait
        self._traffic = traffic or Traffic()
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._full = threading.Event()  # as many wait as a batch can have
        self._running = False

    def __call__(self, row: Row) -> Any:  # noqa: ANN401 - whatever the model returns
        """Return the model's result for `row`; raise what the model raised for it."""
        call = _Call(row, counts=self._traffic.counts())
        with self._lock:
            self._waiting.append(call)
            is_leader = not self._running
            self._running = True
            if len(self._waiting) >= self._max_size:
                self._full.set()
        self._traffic.enter_model()
        if not is_leader:
            call.wakeup.acquire()
        if not call.done:
            self._run_as_leader()
        if call.counts:
            self._traffic.leave_model()
        if call.error is not None:
            raise call.error
        return call.result

    def _run_as_leader(self) -> None:
        """Run the calls that wait, the caller's own first, and pass the lead on."""
        self._traffic.wait_until_quiet(_PATIENCE)
        if self._wait:
            self._full.wait(self._wait)
        with self._lock:
            batch = [
                self._waiting.popleft() for _ in range(min(self._max_size, len(self._waiting)))
            ]
            if len(self._waiting) < self._max_size:
                self._full.clear()
        self._predict(batch)
        self._traffic.expect(sum(call.counts for call in batch))
        with self._lock:
            successor = self._waiting[0] if self._waiting else None
            self._running = successor is not None
        if successor is not None:
            successor.wakeup.release()
        for call in batch[1:]:
            call.wakeup.release()

    def _predict(self, batch: list[_Call]) -> None:
        """Fill in each call's result or error; a bad row fails alone."""
        if len(batch) > 1:
            try:
                results = list(self._run_batch([call.row for call in batch]))
                self._check(results, batch)
            except BaseException as error:  # noqa: BLE001 - each row is tried alone below
                _log.warning(
                    "Batch of %d tried row by row: %s", len(batch), format_exception_line(error)
                )
            else:
                for call, result in zip(batch, results, strict=True):
                    call.result, call.done = result, True
                return
        for call in batch:
            try:
                call.result = self._run(call.row)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                call.error = error
            call.done = True

    @staticmethod
    def _check(results: list[Any], batch: list[_Call]) -> None:
        if len(results) != len(batch):
            raise ModelError(f"run_batch() returned {len(results)} results for {len(batch)} rows")
