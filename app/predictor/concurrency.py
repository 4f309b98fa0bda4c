"""Concurrent calls of the model: limited in number, and watched for one that hangs."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from app.codec import JsonValue, Row
from app.errors import BusyError

T = TypeVar("T")
R = TypeVar("R")


class ConcurrencyLimiter:
    """Limits the predictions that are running or waiting.

    Attributes:
        pending: their number.

    """

    def __init__(self, limit: int) -> None:
        """Allow `limit` predictions at the same time."""
        self.pending = 0
        self._limit = limit
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def acquire(self) -> Iterator[None]:
        """Take a place for one prediction, and release it at the end of the `with` block.

        Raises:
            BusyError: all are taken.

        """
        with self._lock:
            if self.pending >= self._limit:
                raise BusyError
            self.pending += 1
        try:
            yield
        finally:
            with self._lock:
                self.pending -= 1


class CallWatchdog:
    """Knows how long each running call of the model has taken."""

    def __init__(self) -> None:
        """Start without calls."""
        self._started: dict[int, float] = {}

    def track(self, function: Callable[[T], R]) -> Callable[[T], R]:
        """Return the function with its calls tracked."""
        started = self._started

        def tracked(argument: T) -> R:
            thread = threading.get_ident()
            started[thread] = time.monotonic()
            try:
                with _without_joblib_pools():
                    return function(argument)
            finally:
                del started[thread]

        return tracked

    def oldest_call_age(self) -> float:
        """Return the seconds that the oldest running call has taken; 0 without one."""
        starts = list(self._started.values())
        return time.monotonic() - min(starts) if starts else 0.0


def _without_joblib_pools() -> AbstractContextManager[None]:
    """Keep joblib from starting a pool of threads or processes for a call.

    An estimator with `n_jobs` would: starting one takes longer than predicting a few rows.
    """
    configure = getattr(sys.modules.get("joblib"), "parallel_config", None)
    return configure(backend="sequential") if configure else nullcontext()


def with_max_concurrency(run: Callable[[Row], JsonValue], limit: int) -> Callable[[Row], JsonValue]:
    """Return `run`, called by at most `limit` threads at the same time; others wait."""
    slots = threading.BoundedSemaphore(limit)

    def limited(row: Row) -> JsonValue:
        with slots:
            return run(row)

    return limited
