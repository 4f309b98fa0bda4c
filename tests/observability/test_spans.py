import re
from collections.abc import Iterator
from functools import partial

import pytest
import requests

from tests.helpers import PREDICT, ROOT, Server, eventually, serving, write_module
from tests.observability.collector import (
    PARENT,
    SERVER_SPAN,
    Collector,
    Received,
    collecting,
    trace_id,
    traceparent,
    values,
)

MODEL = """
    import time
    from flask import abort
    from opentelemetry import trace

    def sample():
        return {"x": 1.0}

    def run(input_data):
        if input_data["x"] == 2:
            abort(422, "no twos")
        if input_data["x"] == 3:
            raise ValueError("a secret")
        if input_data["x"] == 4:
            with trace.get_tracer(__name__).start_as_current_span("look up"):
                pass
        return input_data
"""


def from_agent(collector: Collector, agent: str) -> list[Received]:
    spans = collector.named(SERVER_SPAN)
    return [it for it in spans if it.attributes["user_agent.original"] == agent]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("traced")
    write_module(folder, MODEL)
    with serving(folder, MODEL_NAME="fraud", **collector.environ) as server:
        yield server


def test_the_span_of_a_request_is_below_the_callers_and_has_the_models_below_it(
    server: Server, collector: Collector
) -> None:
    trace = trace_id(1)
    headers = {**traceparent(trace), "tracestate": "vendor=1", "User-Agent": "caller/1.0"}
    assert server.predict({"x": 1.0}, headers=headers).status_code == 200
    request = collector.wait_for(SERVER_SPAN, trace)
    model = collector.wait_for("run", trace)
    assert collector.paths == {"/v1/traces"}
    assert request.span.parent_span_id.hex() == PARENT
    assert request.span.trace_state == "vendor=1"
    assert request.span.kind == request.span.SPAN_KIND_SERVER
    assert not request.is_error
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": PREDICT,
        "http.response.status_code": 200,
        "url.path": PREDICT,
        "url.scheme": "http",
        "user_agent.original": "caller/1.0",
    }
    assert request.resource["service.name"] == "fraud"
    assert model.span.parent_span_id == request.span.span_id
    assert model.span.kind == model.span.SPAN_KIND_INTERNAL
    assert model.attributes["ml_rest_api.batch.rows"] == 1
    assert model.attributes["ml_rest_api.batch.requests"] == 1
    times = [
        request.span.start_time_unix_nano,
        model.span.start_time_unix_nano,
        model.span.end_time_unix_nano,
        request.span.end_time_unix_nano,
    ]
    assert times == sorted(times)


def test_a_request_without_a_valid_traceparent_begins_a_trace(
    server: Server, collector: Collector
) -> None:
    for agent, headers in (("none", {}), ("wrong", {"traceparent": "00-xyz-1-01"})):
        server.predict({"x": 1.0}, headers={"User-Agent": agent, **headers})
        (root,) = eventually(partial(from_agent, collector, agent))
        assert root.span.parent_span_id == b""


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [(10, b'{"x": "no"}', 400), (11, b"{", 400), (12, b'{"x": 2}', 422), (13, b'{"x": 3}', 500)],
)
def test_the_span_has_the_status_and_is_an_error_from_500(
    server: Server, collector: Collector, number: int, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json", **traceparent(trace_id(number))}
    assert requests.post(server.url + PREDICT, body, headers=headers, timeout=20).status_code == (
        status
    )
    request = collector.wait_for(SERVER_SPAN, trace_id(number))
    assert request.attributes["http.response.status_code"] == status
    assert request.is_error == (status >= 500)
    assert request.attributes.get("error.type") == ("500" if status == 500 else None)


def test_an_exception_of_the_model_is_an_event_without_its_text(
    server: Server, collector: Collector
) -> None:
    trace = trace_id(20)
    server.predict({"x": 3}, headers=traceparent(trace))
    model = collector.wait_for("run", trace)
    (event,) = model.span.events
    assert model.is_error
    assert model.attributes["error.type"] == "ValueError"
    assert values(event.attributes) == {
        "exception.type": "ValueError",
        "exception.message": "run() failed at ml_trained_model.py, line 13: ValueError",
    }
    server.predict({"x": 2}, headers=traceparent(trace_id(21)))
    refusing = collector.wait_for("run", trace_id(21))
    assert not refusing.is_error  # it is what the model is there for
    assert not refusing.span.events


def test_a_span_that_the_model_makes_is_below_the_requests(
    server: Server, collector: Collector
) -> None:
    trace = trace_id(30)
    server.predict({"x": 4}, headers=traceparent(trace))
    own = collector.wait_for("look up", trace)
    assert own.span.parent_span_id == collector.wait_for(SERVER_SPAN, trace).span.span_id


def test_what_the_caller_does_not_sample_is_not_exported(
    server: Server, collector: Collector
) -> None:
    unsampled = trace_id(40)
    assert server.predict({"x": 4}, headers=traceparent(unsampled, "00")).status_code == 200
    server.predict({"x": 1}, headers=traceparent(trace_id(41)))
    collector.wait_for(SERVER_SPAN, trace_id(41))
    assert unsampled not in {it.span.trace_id.hex() for it in collector.received}


def test_the_document_names_every_attribute() -> None:
    document = (ROOT / "docs/traces.md").read_text(encoding="utf-8")
    source = (ROOT / "app/observability/spans.py").read_text(encoding="utf-8")
    names = set(re.findall(r'"((?:ml_rest_api|http|url|error|user_agent)\.[\w.]+)"', source))
    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in document} == set()


def test_probes_and_pages_are_not_traced(server: Server, collector: Collector) -> None:
    for path in ("/api/liveness", "/api/readiness", "/metrics", "/api/swagger.json", PREDICT):
        server.get(path, headers=traceparent(trace_id(50)))
    server.predict({"x": 1}, headers=traceparent(trace_id(51)))
    collector.wait_for(SERVER_SPAN, trace_id(51))
    assert trace_id(50) not in {it.span.trace_id.hex() for it in collector.received}
