"""The requests that this process works on, but for those that wait for the model.

Their threads share Python's lock with the model. A batch is larger, and nothing is slower,
where the model runs after they have done their part.
"""

import threading


class Traffic:
    """Counts requests from when they have come to when they are answered.

    One that asks the model does not count meanwhile; it does as soon as its prediction is made,
    though its thread may take a while to go on. A request that no server has announced by
    `expect` does not count at all.
    """

    def __init__(self) -> None:
        """Count none."""
        self._count = 0
        self._stalled = 0  # of those, requests that nobody waits for any more
        self._lock = threading.Lock()
        self._quiet = threading.Condition(self._lock)
        self._own = threading.local()

    def expect(self, requests: int) -> None:
        """Count requests, each of which a thread is about to `begin`, or to take up again."""
        with self._lock:
            self._count += requests

    def begin(self) -> None:
        """Let the calling thread work on one of the requests that are expected."""
        self._own.counts = True

    def end(self) -> None:
        """Count the calling thread's request no more: it is answered."""
        if self.counts():
            self._leave()

    def counts(self) -> bool:
        """Tell whether the calling thread works on a request that counts."""
        return bool(getattr(self._own, "counts", False))

    def enter_model(self) -> None:
        """Count the calling thread's request no more while it waits for the model."""
        if self.counts():
            self._leave()

    def leave_model(self) -> None:
        """Go on with the calling thread's request, which is expected again."""
        self._own.counts = True

    def wait_until_quiet(self, seconds: float) -> None:
        """Wait until every request waits for the model or is answered.

        A request that takes longer than `seconds`, as one whose body does not come, is waited
        for once.
        """
        with self._lock:
            if not self._quiet.wait_for(self._is_quiet, seconds):
                self._stalled = self._count

    def _leave(self) -> None:
        self._own.counts = False
        with self._lock:
            self._count -= 1
            self._stalled = min(self._stalled, self._count)
            if self._is_quiet():
                self._quiet.notify()

    def _is_quiet(self) -> bool:
        return self._count <= self._stalled
