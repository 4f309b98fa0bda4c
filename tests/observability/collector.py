"""A collector of traces: receives OTLP over HTTP, and decodes it by its Protocol Buffers."""

import contextlib
import dataclasses
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers import eventually

PARENT = "b7ad6b7169203331"  # the caller's span
SERVER_SPAN = "POST /api/model/predict"


@dataclasses.dataclass(frozen=True)
class Received:
    """A span, with its attributes and those of the process that has exported it."""

    span: Span
    resource: dict[str, Any]

    @property
    def attributes(self) -> dict[str, Any]:
        return values(self.span.attributes)

    @property
    def is_error(self) -> bool:
        return self.span.status.code == self.span.status.STATUS_CODE_ERROR


class Collector:
    """What has been received, in the order of arrival."""

    def __init__(self, port: int) -> None:
        self.environ: dict[str, Any] = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        self.paths: set[str] = set()
        self.received: list[Received] = []

    def named(self, name: str, trace: str = "") -> list[Received]:
        """Return the spans of a name, of one trace or of all."""
        return [
            it
            for it in self.received
            if it.span.name == name and trace in ("", it.span.trace_id.hex())
        ]

    def wait_for(self, name: str, trace: str = "") -> Received:
        """Return the only span of a name in a trace, once it has come."""
        spans: list[Received] = eventually(lambda: self.named(name, trace))
        assert len(spans) == 1
        return spans[0]


def traceparent(trace: str, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace}-{PARENT}-{flags}"}


def trace_id(number: int) -> str:
    return f"{number:032x}"


def values(attributes: Any) -> dict[str, Any]:
    """Return attributes of OTLP as a dictionary."""

    def value(attribute: KeyValue) -> Any:
        return getattr(attribute.value, attribute.value.WhichOneof("value") or "string_value")

    return {attribute.key: value(attribute) for attribute in attributes}


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.paths.add(self.path)
            for part in ExportTraceServiceRequest.FromString(body).resource_spans:
                resource = values(part.resource.attributes)
                for scope in part.scope_spans:
                    collector.received += [Received(span, resource) for span in scope.spans]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Write no log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield collector
        server.shutdown()
