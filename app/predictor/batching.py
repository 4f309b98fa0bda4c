"""Joins concurrent calls into batches, without a thread of its own.

The first caller is the leader: it runs the model as soon as no other request is being read or
answered. Calls that arrive meanwhile wait and form the next batch, led by the first of them.
So a lone call never waits, and the model is never called twice at the same time.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from app.codec import JsonValue, Row
from app.errors import ModelError
from app.predictor.module import format_exception_line

_log = logging.getLogger(__name__)

# Seconds that a leader waits for other requests to be read and answered.
_IDLE_TIMEOUT = 0.02


class InFlightRequests(Protocol):
    """The requests of the server, by the methods of server/traffic.py that a batch needs."""

    def counts(self) -> bool:
        """Return whether the calling thread serves one of them."""

    def enter_model(self) -> None:
        """Stop counting the calling thread's request while it waits for the model."""

    def expect(self, requests: int) -> None:
        """Count requests whose predictions are made."""

    def leave_model(self) -> None:
        """Continue with the calling thread's request."""

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until every counted request waits for the model or is answered."""


class NoRequests:
    """The requests of a process without a server: none to wait for."""

    def counts(self) -> bool:
        """Return that the calling thread serves none."""
        return False

    def enter_model(self) -> None:
        """Do nothing."""

    def expect(self, requests: int) -> None:
        """Do nothing."""

    def leave_model(self) -> None:
        """Do nothing."""

    def wait_until_quiet(self, seconds: float) -> None:
        """Return at once."""


class _Call:
    """One caller's row, and its result or error."""

    __slots__ = ("counts", "done", "error", "result", "row", "wakeup")

    def __init__(self, row: Row, *, counts: bool) -> None:
        self.row = row
        self.counts = counts  # as a request of the server
        self.result: JsonValue = None
        self.error: BaseException | None = None
        self.done = False
        self.wakeup = threading.Lock()  # released when the call is done, or becomes the leader
        self.wakeup.acquire()


class Batcher:
    """Calls `run_batch` with the rows of concurrent callers, in the order of their arrival."""

    def __init__(
        self,
        run: Callable[[Row], JsonValue],
        run_batch: Callable[[list[Row]], Sequence[JsonValue]],
        *,
        max_size: int,
        wait: float = 0.0,
        requests: InFlightRequests | None = None,
    ) -> None:
        """Join calls.

        Args:
            run: predicts one row, for a batch of one.
            run_batch: predicts many, one result per row, in order.
            max_size: maximum number of rows in a batch.
            wait: seconds that a leader waits for its batch to fill.
            requests: the server's, for which a leader waits; none by default.

        """
        self._run = run
        self._run_batch = run_batch
        self._max_size = max_size
        self._wait = wait
        self._requests = requests or NoRequests()
        self._lock = threading.Lock()
        self._waiting: deque[_Call] = deque()
        self._full = threading.Event()  # the waiting calls fill a batch
        self._running = False

    @property
    def waiting(self) -> int:
        """The number of calls that wait for a batch."""
        return len(self._waiting)

    def __call__(self, row: Row) -> JsonValue:
        """Return the model's result for `row`; raise what the model raised for it."""
        call = _Call(row, counts=self._requests.counts())
        with self._lock:
            self._waiting.append(call)
            is_leader = not self._running
            self._running = True
            if len(self._waiting) >= self._max_size:
                self._full.set()
        self._requests.enter_model()
        if not is_leader:
            call.wakeup.acquire()
        if not call.done:
            self._run_as_leader()
        if call.counts:
            self._requests.leave_model()
        if call.error is not None:
            raise call.error
        return call.result

    def _run_as_leader(self) -> None:
        """Run a batch that begins with the caller's own row, then appoint the next leader."""
        self._requests.wait_until_quiet(_IDLE_TIMEOUT)
        if self._wait:
            self._full.wait(self._wait)
        batch = self._take_batch()
        self._predict(batch)
        self._requests.expect(sum(call.counts for call in batch))
        with self._lock:
            successor = self._waiting[0] if self._waiting else None
            self._running = successor is not None
        if successor is not None:
            successor.wakeup.release()
        for call in batch[1:]:
            call.wakeup.release()

    def _take_batch(self) -> list[_Call]:
        with self._lock:
            size = min(self._max_size, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            if len(self._waiting) < self._max_size:
                self._full.clear()
        return batch

    def _predict(self, batch: list[_Call]) -> None:
        """Set each call's result or error; a row that fails does not fail the others."""
        if len(batch) > 1:
            results, error = _outcome(self._run_checked_batch, [call.row for call in batch])
            if error is None:
                for call, result in zip(batch, results, strict=True):
                    call.result, call.done = result, True
                return
            reason = format_exception_line(error)
            _log.warning(
                "run_batch() failed for %d rows, retrying one by one: %s", len(batch), reason
            )
        for call in batch:
            call.result, call.error = _outcome(self._run, call.row)
            call.done = True

    def _run_checked_batch(self, rows: list[Row]) -> list[JsonValue]:
        results = list(self._run_batch(rows))
        if len(results) != len(rows):
            raise ModelError(f"run_batch() returned {len(results)} results for {len(rows)} rows")
        return results


def _outcome(
    function: Callable[..., JsonValue], argument: JsonValue
) -> tuple[JsonValue, BaseException | None]:
    """Return the result of user code, or whatever it raised, for the caller's thread."""
    try:
        return function(argument), None
    except BaseException as error:  # noqa: BLE001 - an exit, too, must reach its own caller
        return None, error
