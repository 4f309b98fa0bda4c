"""The spans of requests: one for a request, below it one for each call of the model.

Imported by traces.py where traces are exported, in the worker's process: what the packages of
OpenTelemetry start does not survive a fork. Attributes are those of its semantic conventions
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/).
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from urllib.parse import urlsplit

from opentelemetry import context, propagate, trace
from opentelemetry.propagators.textmap import Getter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from app import __version__
from app.errors import PredictionError
from app.observability.traces import EXPORTERS, ModelCall, TracedHead, Tracer
from app.text import escape_surrogates

_log = logging.getLogger("opentelemetry")

_NANOSECONDS = 1e9
_FIRST_ERROR = 500  # of the statuses, for a server
_LINES_SECONDS = 60.0  # between two lines of one logger


class SpanTracer:
    """Begins the spans of requests; see `app.observability.traces.Tracer`."""

    def __init__(self, provider: TracerProvider, *, shows_texts: bool) -> None:
        """Make spans of a provider."""
        self._provider = provider
        self._tracer = provider.get_tracer("ml-rest-api", __version__)
        self._shows_texts = shows_texts

    def start(self, head: TracedHead) -> "RequestTrace | None":
        """Begin the span of a request, below the caller's span."""
        try:
            return RequestTrace(self._tracer, head, shows_texts=self._shows_texts)
        except Exception:  # noqa: BLE001 - of a propagator or sampler that the variables name
            _log.warning("A request is not traced", exc_info=True)
            return None

    def close(self, seconds: float) -> None:
        """Export what is left; a collector that does not respond is not waited for."""
        thread = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        thread.start()
        thread.join(seconds)


class RequestTrace:
    """The span of a request, and those of its model calls, which are made once it ends.

    Each request's trace has the model's calls, with the same id in all traces of one batch: one
    span for all of them would be in the trace of one request alone, and links from each to each
    would be many.
    """

    def __init__(self, tracer: trace.Tracer, head: TracedHead, *, shows_texts: bool) -> None:
        """Begin the span."""
        self.model_calls: list[ModelCall] = []
        self._tracer = tracer
        self._shows_texts = shows_texts
        self._clock_offset = time.time_ns() - int(time.monotonic() * _NANOSECONDS)
        parent = propagate.extract(head.headers, getter=_Headers())
        self._span = tracer.start_span(
            f"{head.method} {head.route}",
            parent,
            SpanKind.SERVER,
            {
                "http.request.method": head.method,
                "http.route": head.route,
                "url.path": _path(head.target),
                "url.scheme": head.scheme,
                "user_agent.original": head.headers.get(b"user-agent", b"").decode("latin-1"),
            },
            start_time=self._time(head.started),
        )
        self._context = trace.set_span_in_context(self._span, parent)

    def activate(self) -> None:
        """Make it the parent of the spans that the model makes in the current thread."""
        context.attach(self._context)

    def end(self, status: int | None, version: str | None) -> None:
        """End all spans."""
        if self._span.is_recording():
            try:
                self._end(status, version)
            except Exception:  # noqa: BLE001 - its response is more important
                _log.warning("A request is not traced", exc_info=True)

    def _end(self, status: int | None, version: str | None) -> None:
        span = self._span
        now = time.monotonic()
        for call in self.model_calls:
            self._add(call, now)
        if version is not None:
            span.set_attribute("ml_rest_api.model.version", version)
        if status is None:
            span.set_attribute("error.type", "cancelled")
        else:
            span.set_attribute("http.response.status_code", status)
            if status >= _FIRST_ERROR:
                span.set_attribute("error.type", str(status))
                span.set_status(Status(StatusCode.ERROR))
        span.end(self._time(now))

    def _add(self, call: ModelCall, now: float) -> None:
        """Add the span of a call, which may still be running."""
        ended = self._time(now if call.ended is None else call.ended)
        span = self._tracer.start_span(
            call.name,
            self._context,
            SpanKind.INTERNAL,
            {
                "ml_rest_api.batch.id": call.id,
                "ml_rest_api.batch.requests": call.requests,
                "ml_rest_api.batch.rows": call.rows,
            },
            start_time=self._time(call.started),
        )
        if call.ended is None:
            span.set_attribute("ml_rest_api.batch.running", value=True)
        for error in call.errors:
            kind = _type(error)
            text = str(error) if self._shows_texts else error.reason
            event = {"exception.type": kind, "exception.message": text}
            span.add_event("exception", event, timestamp=ended)
            span.set_attribute("error.type", kind)
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended)

    def _time(self, monotonic: float) -> int:
        """Return a monotonic time in nanoseconds since the epoch."""
        return int(monotonic * _NANOSECONDS) + self._clock_offset


class _Headers(Getter[Mapping[bytes, bytes]]):
    """Reads headers, whose names are in lower case, for a propagator."""

    def get(self, carrier: Mapping[bytes, bytes], key: str) -> list[str] | None:
        value = carrier.get(key.lower().encode())
        return None if value is None else [value.decode("latin-1")]

    def keys(self, carrier: Mapping[bytes, bytes]) -> list[str]:
        return [name.decode("latin-1") for name in carrier]


class _RateLimitedHandler(logging.Handler):
    """Writes OpenTelemetry's lines as the service's, but few: each failed export has several."""

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.created >= self._next.get(record.name, 0):
            self._next[record.name] = record.created + _LINES_SECONDS
            logging.getLogger("app").handle(record)


def create_tracer(names: Sequence[str], service_name: str, *, shows_texts: bool) -> Tracer:
    """Return what exports spans with the exporters of these names, as the OTEL_* variables say.

    Spans that the model makes by OpenTelemetry's API are exported too. Whatever is raised is the
    packages' own, about the value of a variable.
    """
    _log.handlers[:] = [_RateLimitedHandler()]
    _log.propagate = False
    detected = OTELResourceDetector().detect()
    defaults = Resource({"service.name": service_name, "service.version": __version__})
    provider = TracerProvider(
        resource=Resource.create(dict(defaults.merge(detected).attributes)),
        shutdown_on_exit=False,  # it would wait for the collector
    )
    for name in names:
        exporter = entry_points(group=EXPORTERS)[name].load()
        provider.add_span_processor(BatchSpanProcessor(exporter()))
    trace.set_tracer_provider(provider)
    return SpanTracer(provider, shows_texts=shows_texts)


def _path(target: bytes) -> str:
    """Return a target's path as it was sent, without the query."""
    text = target.partition(b"?")[0].decode("ascii", "backslashreplace")
    return text if text.startswith("/") else urlsplit(text).path or "/"


def _type(error: PredictionError) -> str:
    """Return the name of the type of what the model raised, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(type(error.__cause__ or error))
    return escape_surrogates(name)
