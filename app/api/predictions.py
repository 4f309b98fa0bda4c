"""Predictions: the body of a request becomes rows, what becomes of them the response.

`Predictions` is the one implementation, for every endpoint. The server's event loop calls it, and
so do Flask's routes, which other WSGI servers and Flask's test client reach.
"""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import NamedTuple, Protocol, cast

from flask import request

from app.api.bodies import Bodies
from app.api.endpoints import Endpoint, Head, Job
from app.api.error_shapes import ErrorShapes
from app.api.responses import Response, refusal_of
from app.api.rows import RowLimits, Rows, as_one_error, failed_rows, read_rows
from app.config.settings import Settings
from app.errors import RefusedError, RequestError, TimedOutError
from app.observability.metrics import Metrics
from app.observability.request_ids import current_request_ids, request_id
from app.observability.traces import Trace, current_trace
from app.predictor.call import Call, Outcome
from app.predictor.predictor import Predictor

__all__ = ["Call", "Predictions"]

_OK = int(HTTPStatus.OK)  # once: hashing a member of an enum takes a call


class RequestContext(Protocol):
    """What identifies the request that a prediction is made for."""

    @property
    def id(self) -> str:
        """Its id, for the log."""

    @property
    def trace(self) -> Trace | None:
        """What is traced of it."""


class _FlaskContext(NamedTuple):
    id: str
    trace: Trace | None


class Predictions:
    """Predictions, from a request's parts to a response."""

    def __init__(self, predictor: Predictor, settings: Settings, metrics: Metrics) -> None:
        """Ask `predictor`, and count in `metrics` which rows are refused."""
        self.bodies = Bodies(settings.MAX_CONTENT_LENGTH)
        self.timeout = settings.PREDICT_TIMEOUT or None  # seconds
        self._error_shapes = ErrorShapes(settings)
        self._metrics = metrics
        self._predictor = predictor
        self.limits = RowLimits(settings.MAX_ROWS, settings.MAX_CONTENT_LENGTH)
        self._validates = settings.RESTX_VALIDATE
        self._debug = settings.FLASK_DEBUG

    def check_head(self, endpoint: Endpoint, head: Head) -> None:
        """Check a request before its body is read.

        Raises:
            UnavailableError: no prediction could start now.
            HTTPException: the body is not one that is read.

        """
        self._predictor.check_capacity()
        endpoint.check_head(head)
        self.bodies.check_size(head.encoding, head.length)

    def start(
        self,
        endpoint: Endpoint,
        head: Head,
        body: bytes,
        context: RequestContext,
        on_response: Callable[[Response], None],
    ) -> Call:
        """Read the rows of a complete body, and let them wait for their predictions.

        Args:
            endpoint: that the request's path names.
            head: of the request.
            body: as it was sent.
            context: of the request.
            on_response: called with the response, in any thread; must not raise.

        Raises:
            RequestError: a row is not valid, or there is no place for them.
            HTTPException: the body has no rows.

        """
        content = self.bodies.content(body, head.encoding)
        job, rows = self._read(endpoint, head, content)
        on_done = partial(self._finish, endpoint, job, rows.invalid, on_response)
        call = Call(
            rows.valid,
            context.id,
            on_done,
            needs_all=job.respond_partially is None,
            read_again=lambda: self._read(endpoint, head, content)[1].valid,
        )
        call.size = len(content)
        call.trace = context.trace
        if call.rows:
            self._predictor.submit(call)
        else:
            self._predictor.check_capacity()
            on_done(call)
        return call

    def notify(self) -> None:
        """Let the model take the rows that have come."""
        self._predictor.calls.notify()

    def cancel(self, call: Call) -> None:
        """Forget a call whose caller has gone; one that runs keeps its place until it ends."""
        self._predictor.calls.cancel(call)

    def error_response(self, error: BaseException, path: str, *, predicts: bool = True) -> Response:
        """Return the response to an exception that ended a request.

        Args:
            error: of any type.
            path: of the request, without ROOT_PATH; or the rule of its route.
            predicts: whether the path predicts, so that a refusal counts.

        """
        if predicts and not isinstance(error, RefusedError) and (reason := refusal_of(error)):
            self._metrics.count_refusal(reason)  # rows that the model refuses are counted each
        return self._error_shapes.response(error, path)

    def wait(self, endpoint: Endpoint, head: Head, body: bytes) -> Response:
        """Return the response to a complete body, once its predictions are made.

        Raises:
            RequestError, HTTPException: as `start`, or it took longer than PREDICT_TIMEOUT.

        """
        responses: SimpleQueue[Response] = SimpleQueue()
        ids = current_request_ids.get() or (request_id(b"", b""),)
        context = _FlaskContext(ids[0], current_trace.get())
        call = self.start(endpoint, head, body, context, responses.put)
        self.notify()
        try:
            return responses.get(timeout=self.timeout)
        except Empty:
            self.cancel(call)
            raise TimedOutError from None

    def respond_to_flask(self, endpoint: Endpoint, **arguments: str) -> Response:
        """Return the response to Flask's request, for which `endpoint` is there.

        Raises:
            RequestError, HTTPException: as `check_head` and `wait`.

        """
        headers = request.headers
        head = Head(
            headers.get("Content-Type", ""),
            headers.get("Content-Encoding", ""),
            request.content_length,
            headers.get("Inference-Header-Content-Length", ""),
            arguments,
        )
        self.check_head(endpoint, head)
        return self.wait(endpoint, head, request.get_data(cache=False))

    def _read(self, endpoint: Endpoint, head: Head, content: bytes) -> tuple[Job, Rows]:
        job = endpoint.parse(content, head)
        self.limits.check_number(len(job.rows))
        is_partial = job.respond_partially is not None
        rows = read_rows(
            self._predictor.parameters,
            job.rows,
            validates=self._validates,
            errors_per_row=is_partial,
        )
        if rows.invalid and not is_partial:
            raise rows.invalid[0] if endpoint.is_single else as_one_error(rows.invalid)
        return job, rows

    def _finish(
        self,
        endpoint: Endpoint,
        job: Job,
        invalid: Mapping[int, RequestError],
        on_response: Callable[[Response], None],
        call: Call,
    ) -> None:
        """Respond to a call that is settled, in the thread that has settled it."""
        try:
            response = self._response(endpoint, job, invalid, call)
        except Exception as error:  # noqa: BLE001 - somebody waits for a response
            response = self.error_response(error, endpoint.rule)
        on_response(response)

    def _response(
        self, endpoint: Endpoint, job: Job, invalid: Mapping[int, RequestError], call: Call
    ) -> Response:
        if call.error is not None:
            return self.error_response(call.error, endpoint.rule)
        if call.failed:
            for outcome in call.outcomes:
                if isinstance(outcome, RequestError) and outcome.refusal:
                    self._metrics.count_refusal(outcome.refusal)
        if job.respond_partially is not None:
            outcomes = _all_outcomes(len(job.rows), invalid, call.outcomes)
            return Response(_OK, job.respond_partially(outcomes))
        if call.failed and endpoint.is_single:
            return self.error_response(cast("RequestError", call.outcomes[0]), endpoint.rule)
        if call.failed:
            error = failed_rows(call.outcomes, debug=self._debug)
            return self.error_response(error, endpoint.rule)
        texts = cast("list[bytes]", call.outcomes)
        return Response(_OK, job.respond(call.predictions or b"[%b]" % b",".join(texts)))


def _all_outcomes(
    count: int, invalid: Mapping[int, RequestError], outcomes: list[Outcome]
) -> list[Outcome]:
    """Return the outcomes of all rows, those that are not valid among them."""
    predicted = iter(outcomes)
    return [invalid[index] if index in invalid else next(predicted) for index in range(count)]
