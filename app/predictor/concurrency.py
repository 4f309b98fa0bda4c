"""The calls of the model that are under way: bounded, and tracked for one that hangs."""

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self, TypeVar

from app.errors import BusyError

T = TypeVar("T")
R = TypeVar("R")


class ConcurrencyLimiter:
    """The places for predictions under way or waiting.

    Attributes:
        pending: how many are taken.

    """

    def __init__(self, limit: int) -> None:
        """Admit `limit` predictions at the same time."""
        self.pending = 0
        self._limit = limit
        self._lock = threading.Lock()

    def acquire(self) -> Self:
        """Take a place; it is given back at the end of the `with` block that this starts.

        Raises:
            BusyError: all are taken.

        """
        with self._lock:
            if self.pending >= self._limit:
                raise BusyError("Server Busy")
            self.pending += 1
        return self

    def __enter__(self) -> None:
        """Do nothing: the place is taken."""

    def __exit__(self, *_error: object) -> None:
        """Give the place back."""
        with self._lock:
            self.pending -= 1


def _no_pools() -> AbstractContextManager[None]:
    """Keep joblib, where it is in use, from starting a pool of threads or processes for a call.

    An estimator with `n_jobs` would: it takes longer to start one than to predict a few rows.
    """
    configure = getattr(sys.modules.get("joblib"), "parallel_config", None)
    return configure(backend="sequential") if configure else nullcontext()


class CallWatchdog:
    """When each call under way was made."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._since: dict[int, float] = {}

    def track(self, function: Callable[[T], R]) -> Callable[[T], R]:
        """Return the function, its calls tracked."""
        since = self._since

        def tracked(argument: T) -> R:
            thread = threading.get_ident()
            since[thread] = time.monotonic()
            try:
                with _no_pools():
                    return function(argument)
            finally:
                del since[thread]

        return tracked

    def oldest_call_age(self) -> float:
        """Return for how many seconds the oldest call has been under way; 0 without any."""
        starts = list(self._since.values())
        return time.monotonic() - min(starts) if starts else 0.0


def with_max_concurrency(run: Callable[[Any], Any], limit: int) -> Callable[[Any], Any]:
    """Return `run`, called by `limit` threads at the same time; others wait for their turn."""
    slots = threading.BoundedSemaphore(limit)

    def limited(row: Any) -> Any:  # noqa: ANN401
        with slots:
            return run(row)

    return limited
