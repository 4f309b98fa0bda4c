"""How many connections each worker process has, so that they share them."""

import mmap
import struct

_COUNT = struct.Struct("i")
_NOT_ACCEPTING = -1


class ConnectionCounts:
    """Counts in memory that the master process and its workers share."""

    def __init__(self, workers: int) -> None:
        """Make room for a number of workers, and for those that replace them."""
        self._slots = range(2 * workers + 1)
        self._memory = mmap.mmap(-1, len(self._slots) * _COUNT.size)
        for slot in self._slots:
            self.clear(slot)

    def free_slot(self, taken: set[int]) -> int:
        """Return a slot for a new worker, other than those of the workers that run."""
        return next((slot for slot in self._slots if slot not in taken), 0)

    def publish(self, slot: int, count: int) -> None:
        """Let the others know the count of the worker with `slot`."""
        _COUNT.pack_into(self._memory, slot * _COUNT.size, count)

    def clear(self, slot: int) -> None:
        """Let the others know that the worker with `slot` accepts no connections."""
        self.publish(slot, _NOT_ACCEPTING)

    def smallest_other(self, slot: int) -> int | None:
        """Return the smallest count of the other workers; None if no other accepts connections."""
        counts = [count for (count,) in _COUNT.iter_unpack(self._memory[:])]
        del counts[slot]
        return min((count for count in counts if count != _NOT_ACCEPTING), default=None)


class OwnCount:
    """The count of one worker.

    Attributes:
        slot: which of the counts it is.

    """

    def __init__(self, counts: ConnectionCounts, slot: int) -> None:
        """Publish nothing yet."""
        self._counts = counts
        self._is_open = False
        self.slot = slot

    def open(self) -> None:
        """Let the other workers know that this one accepts connections."""
        self._is_open = True
        self.publish(0)

    def publish(self, count: int) -> None:
        """Let the other workers know the count, if this one accepts connections."""
        if self._is_open:
            self._counts.publish(self.slot, count)

    def close(self) -> None:
        """Let the other workers know that this one accepts no connections."""
        self._is_open = False
        self._counts.clear(self.slot)

    def is_exceeded_by(self, count: int) -> bool:
        """Return whether another worker has fewer than `count` connections."""
        smallest = self._counts.smallest_other(self.slot)
        return smallest is not None and smallest < count
