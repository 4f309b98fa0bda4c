"""Whether requests are traced, and what of a call of the model is traced.

The variables are OpenTelemetry's own (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
Its packages, which not every image has, are imported by spans.py alone, and that only where
traces are exported.
"""

import logging
import os
import random
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from importlib.metadata import entry_points
from typing import NamedTuple, Protocol

from app.errors import PredictionError, RequestError

_log = logging.getLogger(__name__)

EXPORTERS = "opentelemetry_traces_exporter"  # the entry points of OpenTelemetry's exporters
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_MAX_ERRORS = 10  # of one call of the model
_MAX_CALLS = 100  # of one request, of which many rows may take many turns
_DEFAULT_PROTOCOL = "http/protobuf"
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class ModelCall:
    """A call of the model, or the rows that it predicts in one turn, for some requests.

    Attributes:
        name: of the function, `run` or `run_batch`.
        id: the same in the traces of all requests of a batch.
        requests: their number.
        rows: predicted by it, once it has ended.
        started: the monotonic time at which it began.
        ended: and ended; None while it runs.
        errors: that it raised, the first where there are many.

    """

    __slots__ = ("ended", "errors", "id", "name", "requests", "rows", "started")

    def __init__(self, name: str, traces: Sequence["Trace | None"]) -> None:
        """Begin a call in the model's thread, for the requests that have these traces."""
        self.name = name
        self.id = f"{random.getrandbits(64):016x}"
        self.requests = len(traces)
        self.rows = 0
        self.ended: float | None = None
        self.errors: list[PredictionError] = []
        for trace in traces:
            if trace is not None and len(trace.model_calls) < _MAX_CALLS:
                trace.model_calls.append(self)
        if traces[0] is not None:
            traces[0].activate()
        self.started = time.monotonic()

    def end(self, rows: int, outcomes: Sequence[bytes | RequestError] = ()) -> None:
        """End it, before its requests get their responses.

        Args:
            rows: the number of those that it has predicted.
            outcomes: theirs, as far as errors may be among them; a refusal is no error.

        """
        self.rows = rows
        self.errors = [it for it in outcomes if isinstance(it, PredictionError)][:_MAX_ERRORS]
        self.ended = time.monotonic()


class Trace(Protocol):
    """What is traced of one request.

    Attributes:
        model_calls: those that predict its rows.

    """

    model_calls: list[ModelCall]

    def activate(self) -> None:
        """Make spans that the model makes in the current thread a part of this trace."""

    def end(self, status: int | None, version: str | None) -> None:
        """End the trace.

        Args:
            status: the response's; None where the client has gone.
            version: the model's.

        """


class TracedHead(NamedTuple):
    """What a trace has of a request's head.

    Attributes:
        headers: by name in lower case.
        method: in upper case.
        target: as in the request line.
        route: the rule that its path matches.
        scheme: http or https.
        started: the monotonic time of the request's first byte.

    """

    headers: Mapping[bytes, bytes]
    method: str
    target: bytes
    route: str
    scheme: str
    started: float


class Tracer(Protocol):
    """Begins traces, and exports those that have ended."""

    def start(self, head: TracedHead) -> Trace | None:
        """Begin the trace of a request."""

    def close(self, seconds: float) -> None:
        """Export what is left, but wait for that no longer than `seconds`."""


# Of the request that a thread of Flask works for.
current_trace: ContextVar[Trace | None] = ContextVar("trace", default=None)


def exporter_names(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the exporters that the environment asks for, as packages name them.

    Raises:
        ValueError: it asks for one that is not installed; the message is one line.

    """
    if _get(environ, "OTEL_SDK_DISABLED").lower() == "true":
        return []
    default = "otlp" if any(_get(environ, name) for name in _ENDPOINTS) else "none"
    variable = "OTEL_TRACES_EXPORTER"
    asked = [it.strip() for it in (_get(environ, variable) or default).split(",")]
    names = [_full_name(it, environ) for it in asked if it and it != "none"]
    installed = entry_points(group=EXPORTERS).names if names else set()
    for name in names:
        if name not in installed and not installed & {"console", *_OTLP.values()}:
            raise ValueError(
                "Traces are off: OpenTelemetry's packages are not installed; use an image with "
                "requirements-otel.txt, or unset the OTEL_* variables"
            )
        if name not in installed and name == _OTLP["grpc"]:
            raise ValueError(
                "Traces are off: OTLP over gRPC needs the package "
                "opentelemetry-exporter-otlp-proto-grpc, which is not installed; or set "
                f"{_PROTOCOLS[1]}={_DEFAULT_PROTOCOL} and the collector's port for it, 4318"
            )
        if name not in installed:
            raise ValueError(
                f"Traces are off: {variable} names {name!r}, which is not installed: expected "
                "otlp, console or none"
            )
    return names


def start_tracer(service_name: str, *, shows_texts: bool) -> Tracer | None:
    """Return what traces the requests of this process; None where traces are off.

    Args:
        service_name: where the variables set none.
        shows_texts: whether spans have the texts of exceptions.

    """
    try:
        names = exporter_names(os.environ)
    except ValueError:  # logged once, in the master process
        return None
    if not names:
        return None
    try:
        from app.observability.spans import create_tracer  # noqa: PLC0415 - only where it is used

        return create_tracer(names, service_name, shows_texts=shows_texts)
    except Exception as error:  # noqa: BLE001 - of the value of a variable
        _log.warning("Traces are off: %s: %s", type(error).__name__, error)
        return None


def _full_name(name: str, environ: Mapping[str, str]) -> str:
    """Return the name of an exporter, that of OTLP by its protocol."""
    if name != "otlp":
        return name
    protocol = next(filter(None, (_get(environ, it) for it in _PROTOCOLS)), _DEFAULT_PROTOCOL)
    if protocol not in _OTLP:
        raise ValueError(
            f"Traces are off: {_PROTOCOLS[1]}={protocol!r}: expected {' or '.join(_OTLP)}"
        )
    return _OTLP[protocol]


def _get(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()
