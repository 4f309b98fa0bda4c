"""The pending calls of the model: first come, first served, and each settled once.

Calls of few rows are joined to batches. A call of more rows than a batch has is a batch of its
own, and takes turns with the others: whoever waits with few rows waits for one such call at most.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from queue import Empty, SimpleQueue

from app.errors import BusyError, RequestError
from app.predictor.call import Call

# Of the time that a batch took, in which its callers may ask again; for the next batch.
_RETURN_SHARE = 0.25
_MAX_RETURN_SECONDS = 0.005


class CallQueue:
    """The calls that wait or run, in the order of their arrival."""

    def __init__(self, limit: int, max_batch_size: int, max_bytes: int) -> None:
        """Hold calls.

        Args:
            limit: how many may be pending.
            max_batch_size: rows of calls that are joined; one with more is on its own.
            max_bytes: of the bodies of those that are pending, unless it is but one.

        """
        self._limit = limit
        self._max_bytes = max_bytes
        self._bytes = 0
        self._max_batch_size = max_batch_size
        self._pending: dict[Call, None] = {}  # waiting or running; a call leaves it once
        self._small: OrderedDict[Call, None] = OrderedDict()  # those that wait
        self._large: OrderedDict[Call, None] = OrderedDict()
        self._is_turn_of_large = False
        self._wakeups: SimpleQueue[None] = SimpleQueue()  # one at most, for one idle thread
        self._lock = threading.Lock()
        self._last_start = 0.0
        self._last_size = 0  # rows of a batch

    def __len__(self) -> int:
        """Return the number of calls that wait or run."""
        return len(self._pending)

    def submit(self, call: Call) -> None:
        """Let a call wait; a thread takes it after `notify`, or after an earlier call.

        Raises:
            BusyError: as many calls as allowed are pending.

        """
        with self._lock:
            is_full = len(self._pending) >= self._limit
            if is_full or (self._pending and self._bytes + call.size > self._max_bytes):
                raise BusyError
            self._pending[call] = None
            self._bytes += call.size
        waiting = self._small if len(call.rows) <= self._max_batch_size else self._large
        waiting[call] = None

    def notify(self) -> None:
        """Wake an idle thread. All that were submitted before form its batch."""
        if self._wakeups.empty():
            self._wakeups.put(None)

    def take(self, max_size: int, wait: float) -> list[Call]:
        """Wait for calls and return the oldest that make a batch, or a large one.

        Callers that have just been answered often ask again at once. A moment's wait for them
        makes one batch of 32 callers, not two that take turns.

        Args:
            max_size: rows of a batch.
            wait: seconds to wait for as many.

        """
        now = time.monotonic()
        returning = self._last_size + len(self._small)
        returned_by = now + min(_MAX_RETURN_SECONDS, _RETURN_SHARE * (now - self._last_start))
        batch: list[Call] = []
        while not batch:
            while not (taken := self._take_large() or self._take_small(max_size)):
                self._wakeups.get()
            self._is_turn_of_large = not self._is_large(taken[0])
            if self._is_turn_of_large:
                self._fill(taken, max_size, min(max_size, returning), returned_by)
                if wait:
                    self._fill(taken, max_size, max_size, time.monotonic() + wait)
            if self._small or self._large:  # for another thread
                self.notify()
            batch = [call for call in taken if self.start(call)]
        self._last_size = _size(batch) if self._is_turn_of_large else 0
        return batch

    def start(self, call: Call) -> bool:
        """Note that a call runs from now on; return whether anybody still waits for it."""
        call.started = self._last_start = time.monotonic()
        return call in self._pending

    def wait_again(self, call: Call) -> None:
        """Let a call, of whose rows some are predicted, wait until it is its turn again."""
        call.started = None
        if call.is_abandoned:
            self._leave(call)
        else:
            self._large[call] = None

    def settle(self, call: Call, error: RequestError | None = None) -> None:
        """End a call with its outcomes or an error; do nothing where it has ended."""
        if self._leave(call):
            call.error = error
            call.on_done(call)

    def cancel(self, call: Call) -> None:
        """Drop a call that nobody waits for any more; one that runs keeps its place."""
        call.is_abandoned = True
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

    def _is_large(self, call: Call) -> bool:
        return call.is_by_row or len(call.rows) > self._max_batch_size

    def _take_large(self) -> list[Call]:
        """Return a large call if it is their turn, or no others wait."""
        if self._is_turn_of_large or not self._small:
            with contextlib.suppress(KeyError):  # none waits
                return [self._large.popitem(last=False)[0]]
        return []

    def _take_small(self, max_size: int) -> list[Call]:
        batch: list[Call] = []
        self._add(batch, max_size)
        return batch

    def _fill(self, batch: list[Call], max_size: int, size: int, deadline: float) -> None:
        """Add to a batch, until it has `size` rows, what comes before a monotonic time."""
        rows = self._add(batch, max_size)
        while rows < size and (left := deadline - time.monotonic()) > 0:
            with contextlib.suppress(Empty):
                self._wakeups.get(timeout=left)
            rows = self._add(batch, max_size)

    def _add(self, batch: list[Call], max_size: int) -> int:
        """Add to a batch what waits; return its rows, or `max_size` where the next do not fit."""
        rows = _size(batch)
        with contextlib.suppress(KeyError):  # no more are waiting
            while rows < max_size:
                call = self._small.popitem(last=False)[0]
                rows += len(call.rows)
                if batch and rows > max_size:
                    self._small[call] = None
                    self._small.move_to_end(call, last=False)
                    return max_size
                batch.append(call)
        return rows

    def _leave(self, call: Call) -> bool:
        self._small.pop(call, None)
        self._large.pop(call, None)
        if self._pending.pop(call, False) is not None:
            return False
        with self._lock:
            self._bytes -= call.size
        return True


def _size(batch: list[Call]) -> int:
    return sum([len(call.rows) for call in batch])
