"""A few threads for what may take long, with a queue that is bounded."""

import logging
import threading
from collections.abc import Callable
from queue import Full, Queue
from typing import Any

from app.errors import BusyError

_log = logging.getLogger(__name__)

_MAX_QUEUED = 1000


class Threads:
    """Daemon threads: one that hangs does not keep the process from exiting."""

    def __init__(self, name: str, count: int) -> None:
        """Start them."""
        self._queue: Queue[tuple[Callable[..., None], tuple[Any, ...]]] = Queue(_MAX_QUEUED)
        for number in range(1, count + 1):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def submit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in one of the threads.

        Raises:
            BusyError: too many are queued.

        """
        try:
            self._queue.put_nowait((function, arguments))
        except Full:
            raise BusyError from None

    def _run(self) -> None:
        while True:
            function, arguments = self._queue.get()
            try:
                function(*arguments)
            except Exception:  # noqa: BLE001 - the thread goes on
                _log.exception("An error of the service")
