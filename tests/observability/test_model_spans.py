import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.helpers import (
    GATED,
    GATED_INIT,
    PREDICT,
    Server,
    eventually,
    parse_metrics,
    serving,
    write_module,
)
from tests.observability.collector import (
    SERVER_SPAN,
    Collector,
    collecting,
    trace_id,
    traceparent,
    values,
)
from tests.raw_http import post

BATCHING = """
    def sample():
        return {"x": 1.0}

    def run(input_data):
        return run_batch([input_data])[0]

    def run_batch(rows):
        if any(row["x"] == 3 for row in rows):
            raise ValueError("a secret")
        return [row["x"] for row in rows]
"""


# Two rows or so in a turn.
SLOW = """
    import time

    def sample():
        return {"x": 1}

    def run(input_data):
        if input_data["x"] < 0:
            raise ValueError("a secret")
        time.sleep(0.01)
        return input_data["x"]
"""


def pending(server: Server) -> float:
    return parse_metrics(server.get("/metrics").text)["ml_rest_api_predictions_pending",]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def test_a_request_that_flask_responds_to_has_the_models_span_too(
    tmp_path: Path, collector: Collector
) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, RESTX_MASK_SWAGGER="true", **collector.environ) as server:
        headers = {**traceparent(trace_id(60)), "X-Fields": "x"}
        assert server.predict({"x": 1.0}, headers=headers).json() == {"x": 1.0}
        request = collector.wait_for(SERVER_SPAN, trace_id(60))
        model = collector.wait_for("run", trace_id(60))
        assert request.attributes["http.route"] == PREDICT
        assert model.span.parent_span_id == request.span.span_id


def test_each_request_of_a_batch_has_the_batch_in_its_trace(
    tmp_path: Path, collector: Collector
) -> None:
    write_module(tmp_path, BATCHING)
    settings: dict[str, Any] = {"MAX_BATCH_SIZE": "2", "MAX_BATCH_WAIT_MS": "5000"}
    with serving(tmp_path, **settings, **collector.environ) as server:
        for first, row, name in ((70, 1.0, "run_batch"), (72, 3.0, "run")):
            traces = [trace_id(first), trace_id(first + 1)]
            callers = [
                threading.Thread(
                    target=server.predict, args=({"x": row},), kwargs={"headers": traceparent(it)}
                )
                for it in traces
            ]
            for caller in callers:
                caller.start()
            for caller in callers:
                caller.join()
            batches = [collector.wait_for("run_batch", it).attributes for it in traces]
            assert batches[0] == batches[1]
            assert batches[0]["ml_rest_api.batch.requests"] == 2
            assert batches[0]["ml_rest_api.batch.rows"] == 2
            for it in traces:  # after run_batch() has failed, run() has predicted each row
                parent = collector.wait_for(name, it).span.parent_span_id
                assert parent == collector.wait_for(SERVER_SPAN, it).span.span_id


def test_a_request_that_does_not_wait_for_the_model_shows_that_it_is_running(
    tmp_path: Path, collector: Collector
) -> None:
    write_module(tmp_path, GATED)
    with serving(tmp_path, PREDICT_TIMEOUT="2", **collector.environ) as server:
        late = server.predict({"id": "late"}, headers=traceparent(trace_id(80)))
        assert late.status_code == 504
        assert collector.wait_for(SERVER_SPAN, trace_id(80)).attributes["error.type"] == "504"
        running = collector.wait_for("run", trace_id(80))
        assert running.attributes["ml_rest_api.batch.running"] is True
        header = f"traceparent: {traceparent(trace_id(81))['traceparent']}"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(post(b'{"id": "gone"}', header))
            eventually(lambda: pending(server) == 2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone = collector.wait_for(SERVER_SPAN, trace_id(81))
        assert gone.attributes["error.type"] == "cancelled"
        assert "http.response.status_code" not in gone.attributes
        assert not gone.is_error


def test_the_turns_of_many_rows_are_spans_and_flask_debug_shows_texts(
    tmp_path: Path, collector: Collector
) -> None:
    write_module(tmp_path, SLOW)
    with serving(tmp_path, FLASK_DEBUG="true", **collector.environ) as server:
        headers = traceparent(trace_id(85))
        rows = [{"x": it} for it in range(40)]
        path = "/api/model/predict_batch"
        answer = requests.post(server.url + path, json={"rows": rows}, headers=headers, timeout=20)
        assert answer.status_code == 200
        collector.wait_for(f"POST {path}", trace_id(85))
        turns = collector.named("run", trace_id(85))
        assert len(turns) > 1
        assert sum(it.attributes["ml_rest_api.batch.rows"] for it in turns) == 40
        server.predict({"x": -1}, headers=traceparent(trace_id(86)))
        (event,) = collector.wait_for("run", trace_id(86)).span.events
        assert values(event.attributes)["exception.message"].endswith("ValueError: a secret")


def test_a_request_before_the_model_is_ready_is_traced(
    tmp_path: Path, collector: Collector
) -> None:
    write_module(tmp_path, GATED_INIT)
    with serving(tmp_path, wait=False, **collector.environ) as server:
        eventually(lambda: not server.is_ready())
        assert server.predict({}, headers=traceparent(trace_id(90))).status_code == 503
        request = collector.wait_for(SERVER_SPAN, trace_id(90))
        assert request.attributes["http.response.status_code"] == 503
        assert collector.named("run", trace_id(90)) == []
