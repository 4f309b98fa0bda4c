"""What is recorded of each request that has its response: its trace, metrics, the access log."""

import time

from app.api.application import Application
from app.observability.access_log import Access, AccessLog
from app.server.request import Request

UNKNOWN_ROUTE = "unknown"
_OK = 200


class RequestRecords:
    """Traces, counts and logs requests.

    Attributes:
        count: the number of requests so far.

    """

    def __init__(self, app: Application, access_log: AccessLog) -> None:
        """Fill the metrics of `app`, and a log."""
        self.count = 0
        self._app = app
        self._access_log = access_log

    def add(self, request: Request, route: str, status: int, size: int) -> None:
        """Record a request that has its response.

        Args:
            request: the request.
            route: the rule of its path, or UNKNOWN_ROUTE.
            status: of the response.
            size: bytes of the response's body.

        """
        self.count += 1
        seconds = time.monotonic() - request.started
        if request.trace is not None:
            request.end_trace(status, self._app.model_version)
        self._app.metrics.count_request(route, request.method, status)
        if status == _OK and route in self._app.endpoints:
            self._app.metrics.observe_prediction(seconds)
        if self._access_log.wants(request.path, status):
            # As it was sent: a decoded path may hold a line feed.
            path = request.target.partition(b"?")[0].decode("ascii", "backslashreplace")
            access = Access(request.id, request.method, path, status, seconds, size)
            self._access_log.write(access)
