"""The access log: one line a request, as ACCESS_LOG says; never a query or a body."""

import logging
from http import HTTPStatus
from typing import NamedTuple

from app.observability.request_ids import current_request_ids

_log = logging.getLogger(__name__)

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

    def __init__(self, level: str, probes: tuple[str, ...]) -> None:
        """Log as ACCESS_LOG says.

        Args:
            level: off, errors or all.
            probes: paths whose error responses are states, no errors.

        """
        self._lowest_status = _LOWEST_STATUS[level]
        self._quiet_paths = () if level == "all" else probes

    def wants(self, path: str, status: int) -> bool:
        """Return whether there is a line for such a request."""
        return status >= self._lowest_status and path not in self._quiet_paths

    def write(self, access: Access) -> None:
        """Log a request."""
        token = current_request_ids.set((access.request_id,))
        _log.info(
            "%s %s %d %.1f ms %d bytes",
            access.method, access.path, access.status, 1000 * access.seconds, access.size,
        )  # fmt: skip
        current_request_ids.reset(token)
