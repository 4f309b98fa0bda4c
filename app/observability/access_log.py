"""The access log: one line a request, as ACCESS_LOG says; never a query or a body."""

import logging
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import NamedTuple

from app.observability.logs import handle_together

_log = logging.getLogger(__name__)

# Between two writes: in each of them another thread can take Python's lock.
_WRITE_SECONDS = 0.02
_LOWEST_STATUS = {"off": 1000, "errors": int(HTTPStatus.BAD_REQUEST), "all": 0}


class Access(NamedTuple):
    """A request that has its response.

    Attributes:
        request_id: the request's id.
        method: its method.
        path: its path as it was sent, without the query.
        status: the response's status.
        seconds: from the request's first byte to the response.
        size: bytes of the response's body.

    """

    request_id: str
    method: str
    path: str
    status: int
    seconds: float
    size: int


class AccessLog:
    """Logs requests."""

    def __init__(
        self,
        level: str,
        probes: Collection[str],
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        """Log as ACCESS_LOG says.

        Args:
            level: off, errors or all.
            probes: paths whose error responses are states, no errors.
            call_later: calls a function after some seconds.

        """
        self._lowest_status = _LOWEST_STATUS[level]
        self._quiet_paths = () if level == "all" else probes
        self._call_later = call_later
        self._waiting: list[logging.LogRecord] = []
        self._next_write = 0.0

    def wants(self, path: str, status: int) -> bool:
        """Return whether there is a line for such a request."""
        return status >= self._lowest_status and path not in self._quiet_paths

    def write(self, access: Access) -> None:
        """Log a request, where many come together with others."""
        message = (
            f"{access.method} {access.path} {access.status} "
            f"{1000 * access.seconds:.1f} ms {access.size} bytes"
        )
        record = logging.LogRecord(_log.name, logging.INFO, __file__, 0, message, (), None)
        record.request_ids = (access.request_id,)
        self._waiting.append(record)
        if len(self._waiting) == 1:
            delay = self._next_write - time.monotonic()
            if delay > 0:
                self._call_later(delay, self._write_all)
            else:
                self._write_all()

    def _write_all(self) -> None:
        records, self._waiting = self._waiting, []
        handle_together(_log, records)
        self._next_write = time.monotonic() + _WRITE_SECONDS
