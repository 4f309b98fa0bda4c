"""The pending calls of the model: first come, first served, and each settled once."""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from queue import Empty, SimpleQueue

from app.codec import Row
from app.errors import BusyError, RequestError


class Call:
    """One row that waits for its prediction.

    Attributes:
        row: the valid input.
        request_id: of the request that asks, for the log.
        on_done: called with the call once it is settled, in any thread; must not raise.
        started: the monotonic time at which a thread took it, or None.
        result: the prediction as JSON.
        error: why there is no prediction.

    """

    __slots__ = ("arrived", "error", "on_done", "request_id", "result", "row", "started")

    def __init__(self, row: Row, request_id: str, on_done: Callable[["Call"], None]) -> None:
        """Ask for the prediction of `row`."""
        self.row = row
        self.request_id = request_id
        self.on_done = on_done
        self.arrived = time.monotonic()
        self.started: float | None = None
        self.result = b""
        self.error: RequestError | None = None


# Of the time that a batch took, in which its callers may ask again; for the next batch.
_RETURN_SHARE = 0.25
_MAX_RETURN_SECONDS = 0.005


class CallQueue:
    """The calls that wait or run, in the order of their arrival."""

    def __init__(self, limit: int) -> None:
        """Allow `limit` pending calls."""
        self._limit = limit
        self._pending: dict[Call, None] = {}  # waiting or running; a call leaves it once
        self._waiting: OrderedDict[Call, None] = OrderedDict()
        self._wakeups: SimpleQueue[None] = SimpleQueue()  # one at most, for one idle thread
        self._lock = threading.Lock()
        self._last_start = 0.0
        self._last_size = 0  # of a batch

    def __len__(self) -> int:
        """Return the number of calls that wait or run."""
        return len(self._pending)

    def submit(self, call: Call) -> None:
        """Let a call wait; a thread takes it after `notify`, or after an earlier call.

        Raises:
            BusyError: as many calls as allowed are pending.

        """
        with self._lock:
            if len(self._pending) >= self._limit:
                raise BusyError
            self._pending[call] = None
        self._waiting[call] = None

    def notify(self) -> None:
        """Wake an idle thread. All that were submitted before form its batch."""
        if self._wakeups.empty():
            self._wakeups.put(None)

    def take(self, max_size: int, wait: float) -> list[Call]:
        """Wait for calls and return the oldest.

        Callers that have just been answered often ask again at once. A moment's wait for them
        makes one batch of 32 callers, not two that take turns.

        Args:
            max_size: how many at most.
            wait: seconds to wait for as many.

        """
        now = time.monotonic()
        returning = self._last_size + len(self._waiting)
        returned_by = now + min(_MAX_RETURN_SECONDS, _RETURN_SHARE * (now - self._last_start))
        batch: list[Call] = []
        while not batch:
            while not (taken := self._pop(max_size)):
                self._wakeups.get()
            self._fill(taken, min(max_size, returning), returned_by)
            if wait:
                self._fill(taken, max_size, time.monotonic() + wait)
            if self._waiting:  # for another thread
                self.notify()
            batch = [call for call in taken if self.start(call)]
        self._last_size = len(batch)
        return batch

    def start(self, call: Call) -> bool:
        """Note that a call runs from now on; return whether anybody still waits for it."""
        call.started = self._last_start = time.monotonic()
        return call in self._pending

    def settle(self, call: Call, result: bytes = b"", error: RequestError | None = None) -> None:
        """End a call with its result or error; do nothing where it has ended."""
        if self._leave(call):
            call.result, call.error = result, error
            call.on_done(call)

    def cancel(self, call: Call) -> None:
        """Drop a call that nobody waits for any more; one that runs keeps its place."""
        if call.started is None:
            self._leave(call)

    def pending(self) -> list[Call]:
        """Return the calls that wait or run."""
        return list(self._pending)

    def seconds_without_progress(self) -> float:
        """Return for how long a thread has run its call, or none has taken the oldest."""
        now = time.monotonic()
        return max(
            (
                now
                - (max(call.arrived, self._last_start) if call.started is None else call.started)
                for call in self.pending()
            ),
            default=0.0,
        )

    def _pop(self, max_size: int) -> list[Call]:
        batch: list[Call] = []
        with contextlib.suppress(KeyError):  # no more are waiting
            while len(batch) < max_size:
                batch.append(self._waiting.popitem(last=False)[0])
        return batch

    def _fill(self, batch: list[Call], size: int, deadline: float) -> None:
        """Add to a batch what comes before a monotonic time."""
        while len(batch) < size and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self._wakeups.get(timeout=left)
            batch += self._pop(size - len(batch))

    def _leave(self, call: Call) -> bool:
        self._waiting.pop(call, None)
        return self._pending.pop(call, False) is None
