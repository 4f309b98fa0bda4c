"""One process's server: who responds to a request, and the response on its way to the client.

Predictions go to the model's thread, all else to Flask in a few threads.
"""

import asyncio
import time

from werkzeug.exceptions import NotFound

from app.api.application import Application, matched_route
from app.api.paths import METRICS, without_prefix
from app.api.responses import Response
from app.errors import BusyError
from app.observability.access_log import AccessLog
from app.observability.request_ids import request_id
from app.server.connection import Connection
from app.server.connection_counts import OwnCount
from app.server.prediction_requests import PredictionRequests
from app.server.refusals import Refusals
from app.server.request import Request, path_of
from app.server.request_records import UNKNOWN_ROUTE, RequestRecords
from app.server.responses import CommonHeaders, json_head, wsgi_response
from app.server.threads import Threads
from app.server.unsent import LARGE_RESPONSE, limit_unsent
from app.server.wsgi import WsgiCaller, WsgiResponse

_READ_BYTES = 65_536  # at a time
_MAX_BODIES = 2**28  # bytes of bodies that have come in part
_KEEP_ALIVE_SECONDS = 75.0  # longer than clients keep theirs, or a request could meet the close
_FLASK_THREADS = 3


class Server:
    """Responds to the requests of all connections.

    Attributes:
        body_too_large: returns the error of a body beyond MAX_CONTENT_LENGTH.
        connections: those that are open, the oldest first.
        is_draining: whether each connection closes after its next response.
        is_tls: whether connections are encrypted.
        keep_alive_seconds: for which a connection may stay idle.
        read_buffer: what a connection reads into.
        records: what is recorded of requests.

    """

    def __init__(
        self,
        app: Application,
        loop: asyncio.AbstractEventLoop,
        own_count: OwnCount,
        *,
        is_tls: bool,
    ) -> None:
        """Serve `app`.

        Args:
            app: the application.
            loop: the event loop.
            own_count: what the other workers know of the number of connections.
            is_tls: whether connections are encrypted.

        """
        settings = app.settings
        self.connections: dict[Connection, None] = {}
        self.is_draining = False
        self.is_tls = is_tls
        self.keep_alive_seconds = _KEEP_ALIVE_SECONDS
        self.read_buffer = memoryview(bytearray(_READ_BYTES))
        self._app = app
        self._loop = loop
        self._own_count = own_count
        self._root_path = settings.root_path
        self._settings = settings
        access_log = AccessLog(settings.ACCESS_LOG, app.probes, loop.call_later)
        self.records = RequestRecords(app, access_log)
        self._wsgi = WsgiCaller(
            app,
            scheme="https" if is_tls else "http",
            address=(settings.FLASK_HOST, settings.FLASK_PORT),
            several_processes=settings.WORKERS > 1,
        )
        self._threads = Threads("flask", _FLASK_THREADS)
        self._probe_thread = Threads("probes", 1)  # other requests do not delay them
        self._predictions = PredictionRequests(app, loop, self.send)
        self.body_too_large = app.predictions.bodies.too_large
        self._refusals = Refusals()
        self._body_bytes = 0

    def add(self, connection: Connection) -> None:
        """Know a new connection."""
        self.connections[connection] = None
        self._own_count.publish(len(self.connections))

    def remove(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.pop(connection, None)
        self._own_count.publish(len(self.connections))

    def drain(self, until: float) -> None:
        """Close each connection after one more response, or at a monotonic time."""
        self.is_draining = True
        self.keep_alive_seconds = max(0.0, until - time.monotonic())
        for connection in self.connections:
            if connection.is_idle:
                connection.deadline = min(connection.deadline, until)

    def has_waiting(self) -> bool:
        """Return whether a client has still to get a response, or to take one."""
        return any(not c.is_idle or c.unsent_bytes for c in self.connections)

    def keep_body(self, request: Request, part: bytes) -> None:
        """Keep a part of a body, within the limits."""
        if request.received > self._settings.MAX_CONTENT_LENGTH:
            request.error = request.error or self.body_too_large()
        elif self._body_bytes + len(part) > _MAX_BODIES:
            request.error = request.error or BusyError()
        else:
            self._body_bytes += len(part)
            request.parts.append(part)

    def wants_body(self, request: Request) -> bool:
        """Return whether a body is waited for: a prediction's, unless its head is wrong."""
        self._classify(request)
        if request.endpoint is None:
            return False
        try:
            self._predictions.check_head(request.endpoint, request)
        except Exception:  # noqa: BLE001 - raised once more for the response
            return False
        return True

    def respond(self, connection: Connection, request: Request) -> None:
        """Start to respond to a request; whatever is raised becomes a response."""
        self._classify(request)
        headers = request.headers
        request.id = request_id(headers.get(b"x-request-id", b""), headers.get(b"traceparent", b""))
        if self._is_on_other_port(connection, request):
            request.endpoint = None
            request.error = request.error or NotFound()
        if (tracer := self._app.tracer) is not None and request.endpoint is not None:
            request.begin_trace(tracer, request.endpoint, is_tls=self.is_tls)
        if request.error is not None:
            self._send_error(connection, request, request.error)
            return
        try:
            if request.endpoint is not None and not self._needs_flask(request):
                self._predictions.start(connection, request.endpoint, request)
            else:
                threads = self._probe_thread if request.path in self._app.probes else self._threads
                threads.submit(self._call_flask, connection, request)
        except BusyError as error:
            delay = self._refusals.delay()
            self._loop.call_later(delay, self._send_error, connection, request, error)
        except Exception as error:  # noqa: BLE001 - whatever it is
            self._send_error(connection, request, error)

    def send(self, connection: Connection, request: Request, response: Response) -> None:
        """Send a response of the API, unless the client has got one, or has gone."""
        if not connection.awaits_response(request):
            return
        keep_alive = connection.may_stay_open(request) and not self.is_draining
        headers = response.headers
        if b"origin" in request.headers:
            headers = {**headers, **self._app.origins.headers(request.header(b"origin"))}
        body = b"" if request.method == "HEAD" else response.body
        head = json_head(response.status, request.id, headers, self._common(keep_alive=keep_alive))
        data = b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
        route = request.endpoint.rule if request.endpoint else UNKNOWN_ROUTE
        self.records.add(request, route, response.status, len(body))
        self._write(connection, data, keep_alive=keep_alive)
        self.forget(request)  # last: to free many rows takes a while

    def forget(self, request: Request) -> None:
        """Drop what is kept for a request that has its response, or whose client has gone."""
        self._body_bytes -= sum(map(len, request.parts))
        request.release()
        if request.call is not None:
            self._predictions.cancel(request.call)
            request.call = None  # which knows the request: a cycle would wait for the collector

    def _classify(self, request: Request) -> None:
        request.path = without_prefix(path_of(request.target), self._root_path)
        if request.method == "POST" and (found := self._app.find_endpoint(request.path)):
            request.endpoint, request.arguments = found

    def _is_on_other_port(self, connection: Connection, request: Request) -> bool:
        """Return whether nothing is at a request's path on the port that it has come to."""
        port = self._settings.METRICS_PORT
        return port > 0 and (connection.port == port) != (request.path == METRICS)

    def _needs_flask(self, request: Request) -> bool:
        """Return whether a request for a prediction needs a token, or asks for a mask."""
        headers = request.headers
        if self._settings.RESTX_MASK_SWAGGER and b"x-fields" in headers:
            return True
        return (
            self._settings.WTF_CSRF_ENABLED
            and (b"origin" in headers or b"sec-fetch-site" in headers)
            and self._app.origins.is_cross_site(
                request.optional_header(b"sec-fetch-site"),
                request.optional_header(b"origin"),
                request.header(b"host"),
            )
        )

    def _send_error(self, connection: Connection, request: Request, error: BaseException) -> None:
        predicts = request.endpoint is not None
        response = self._app.predictions.error_response(error, request.path, predicts=predicts)
        self.send(connection, request, response)

    def _call_flask(self, connection: Connection, request: Request) -> None:
        """Call Flask, in one of its threads."""
        request.enter()
        try:
            environ = self._wsgi.environ(request, connection.client)
            response = self._wsgi.call(environ)
        except Exception as error:  # noqa: BLE001 - an error of the application
            self._loop.call_soon_threadsafe(self._send_error, connection, request, error)
        else:
            route = matched_route(environ) or UNKNOWN_ROUTE
            self._loop.call_soon_threadsafe(self._send_wsgi, connection, request, route, response)

    def _send_wsgi(
        self, connection: Connection, request: Request, route: str, response: WsgiResponse
    ) -> None:
        if not connection.awaits_response(request):
            return
        keep_alive = connection.may_stay_open(request) and not self.is_draining
        response.headers.append(("X-Request-Id", request.id))
        data = wsgi_response(response, self._common(keep_alive=keep_alive))
        self.records.add(request, route, int(response.status.split()[0]), len(response.body))
        self._write(connection, data, keep_alive=keep_alive)
        self.forget(request)

    def _common(self, *, keep_alive: bool) -> CommonHeaders:
        return CommonHeaders(int(time.time()), keep_alive, self._app.model_version)

    def _write(self, connection: Connection, data: bytes, *, keep_alive: bool) -> None:
        connection.respond(data, keep_alive=keep_alive)
        if len(data) >= LARGE_RESPONSE:
            limit_unsent(self.connections)
