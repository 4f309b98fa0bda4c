"""A few threads for what may take long, with a queue that is bounded."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from app.errors import BusyError

_log = logging.getLogger(__name__)

_MAX_QUEUED = 1000


class Threads:
    """Daemon threads: one that hangs does not keep the process from exiting."""

    def __init__(self, name: str, count: int) -> None:
        """Start them."""
        self._queue: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()
        for number in range(1, count + 1):
            threading.Thread(target=self._run, name=f"{name}-{number}", daemon=True).start()

    def submit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call a function in one of the threads.

        Raises:
            BusyError: too many are queued.

        """
        if self._queue.qsize() >= _MAX_QUEUED:  # one thread submits: the event loop's
            raise BusyError
        self._queue.put((function, arguments))

    def _run(self) -> None:
        while True:
            function, arguments = self._queue.get()
            try:
                function(*arguments)
            except Exception:  # noqa: BLE001 - the thread goes on
                _log.exception("An error of the service")
