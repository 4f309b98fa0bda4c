"""Every kind of request that the soak sends, with what is expected of it."""

import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from app.codec import JsonValue
from bench.soak import clients
from bench.soak.client import Client, Response

PREDICT = "/api/model/predict"
BATCH = "/api/model/predict_batch"
V1 = "/v1/models/soak:predict"
V2 = "/v2/models/soak/infer"
INVOCATIONS = "/invocations"
_TOO_LARGE = 2**20 + 1  # more than MAX_CONTENT_LENGTH
_MANY = 20
_LARGE = 2000  # rows
_LONG = "x" * 2000  # the text of a long prediction, as the model makes it
_JSON, _GZIP = "application/json", "Content-Encoding: gzip"


@dataclass(frozen=True)
class Kind:
    """A kind of request.

    Attributes:
        name: for the report.
        weight: how often it is sent, compared with the others of its group.
        build: makes a request from a number.
        status: of the response; 0 if the client hangs up before there is one.
        expected: makes the body that the response has to have from the same number.
        act: sends the request and returns the response.

    """

    name: str
    weight: int
    build: Callable[[int], bytes]
    status: int = 200
    expected: Callable[[int], JsonValue] | None = None
    act: Callable[[Client, bytes], Awaitable[Response | None]] = clients.ask


@dataclass(frozen=True)
class Group:
    """Kinds that the same callers send, together so many in a second."""

    name: str
    callers: int
    per_second: float
    kinds: tuple[Kind, ...]


def _request(path: str, body: JsonValue = None, content_type: str = _JSON, *more: str) -> bytes:
    """Return a request: a POST of bytes, or of a value as JSON; a GET without a body."""
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", "Host: soak", *more]
    if body is None:
        content = b""
    else:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines += [f"Content-Type: {content_type}", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def _row(x: int, how: str = "ok") -> dict[str, Any]:
    return {"x": float(x), "how": how}


def _rows(x: int, count: int = _MANY, how: str = "ok") -> list[dict[str, Any]]:
    return [_row(x + index, how) for index in range(count)]


def _one(x: int, text: str = "") -> dict[str, Any]:
    return {"y": 2.0 * x + 1, "text": text}


def _predictions(x: int) -> dict[str, Any]:
    return {"predictions": [_one(x + index) for index in range(_MANY)]}


def _predict(x: int, how: str = "ok") -> bytes:
    return _request(PREDICT, _row(x, how))


def _zipped(x: int) -> bytes:
    body = gzip.compress(json.dumps(_row(x)).encode())
    return _request(PREDICT, body, _JSON, _GZIP)


def _chunked(x: int) -> bytes:
    body = json.dumps(_row(x)).encode()
    head = (
        f"POST {PREDICT} HTTP/1.1\r\nHost: soak\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    return head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def _tensors(x: int) -> bytes:
    values = [{"name": "x", "datatype": "FP64", "data": [x + index for index in range(_MANY)]}]
    ways = [{"name": "how", "datatype": "BYTES", "data": ["ok"] * _MANY}]
    return _request(V2, {"inputs": [{**one, "shape": [_MANY]} for one in values + ways]})


def _output_tensors(x: int) -> dict[str, Any]:
    answers = [_one(x + index) for index in range(_MANY)]
    outputs = [
        {
            "name": name,
            "datatype": datatype,
            "shape": [_MANY],
            "data": [one[name] for one in answers],
        }
        for name, datatype in (("y", "FP64"), ("text", "BYTES"))
    ]
    return {"model_name": "soak", "outputs": outputs}


def _table(x: int) -> bytes:
    data = [list(row.values()) for row in _rows(x)]
    return _request(INVOCATIONS, {"dataframe_split": {"columns": ["x", "how"], "data": data}})


def _csv(x: int) -> bytes:
    lines = ["x,how", *(f"{row['x']},{row['how']}" for row in _rows(x))]
    return _request(INVOCATIONS, "\n".join(lines).encode(), "text/csv")


def _half_invalid(x: int) -> bytes:
    return _request(BATCH, {"rows": [_row(x), _row(x) | {"how": 1}], "partial": True})


def _half_predicted(x: int) -> dict[str, Any]:
    return {"predictions": [_one(x), None], "errors": {"1": {"how": "1 is not of type 'string'"}}}


def _all_raise(x: int) -> bytes:
    return _request(BATCH, {"rows": _rows(x, how="raise")})


def _large(x: int) -> bytes:
    return _request(BATCH, {"rows": _rows(x, _LARGE, "long")})


def _large_predictions(x: int) -> dict[str, Any]:
    return {"predictions": [_one(x + index, _LONG) for index in range(_LARGE)]}


GOOD = (
    Kind("one row", 60, _predict, expected=_one),
    Kind("20 rows", 10, lambda x: _request(BATCH, {"rows": _rows(x)}), expected=_predictions),
    Kind("KServe V1", 10, lambda x: _request(V1, {"instances": _rows(x)}), expected=_predictions),
    Kind("V2", 10, _tensors, expected=_output_tensors),
    Kind("MLflow, JSON", 5, _table, expected=_predictions),
    Kind("MLflow, CSV", 5, _csv, expected=_predictions),
    Kind("gzip", 3, _zipped, expected=_one),
    Kind("chunked", 3, _chunked, expected=_one),
    Kind("half of the rows invalid, partial", 3, _half_invalid, expected=_half_predicted),
    Kind("readiness", 3, lambda _: _request("/api/readiness")),
    Kind("OpenAPI document", 1, lambda _: _request("/api/openapi.json")),
)
BAD = (
    Kind("malformed JSON", 4, lambda _: _request(PREDICT, b'{"x": 1,'), 400),
    Kind("not UTF-8", 2, lambda _: _request(PREDICT, b'{"x": "\xff"}'), 400),
    Kind("no body", 2, lambda _: _request(PREDICT, b""), 400),
    Kind("missing parameter", 4, lambda x: _request(PREDICT, {"x": x}), 400),
    Kind("wrong type", 4, lambda x: _request(PREDICT, {"x": f"{x}", "how": 1}), 400),
    Kind("invalid row among 20", 4, lambda x: _request(BATCH, {"rows": [*_rows(x), {}]}), 400),
    Kind("wrong Content-Type", 4, lambda x: _request(PREDICT, _row(x), "text/plain"), 415),
    Kind("broken gzip", 2, lambda _: _request(PREDICT, b"no", _JSON, _GZIP), 400),
    Kind("unknown path", 4, lambda x: _request(f"/api/{x}"), 404),
    Kind("unknown model", 2, lambda x: _request(V1 + str(x), {"instances": []}), 404),
    Kind("wrong method", 2, lambda _: _request(PREDICT), 405),
    Kind("too large", 1, lambda _: _request(PREDICT, b" " * _TOO_LARGE), 413),
    Kind("not HTTP", 2, lambda x: f"hello {x}\r\n\r\n".encode(), 400),
)  # fmt: skip
MODEL = (
    Kind("slow row", 4, lambda x: _predict(x, "slow"), expected=_one),
    Kind("run() raises", 4, lambda x: _predict(x, "raise"), 500),
    Kind("run() refuses", 4, lambda x: _predict(x, "refuse"), 422),
    Kind("20 rows, run() raises", 1, _all_raise, 500),
)  # fmt: skip
SLOW = (
    Kind("bytes dribbled", 6, _predict, expected=_one, act=clients.dribble),
    Kind("half a head, then nothing", 1, _predict, 408, act=clients.stall_in_head),
    Kind("half a body, then nothing", 1, _predict, 408, act=clients.stall_in_body),
    Kind("4 MB read late", 1, _large, expected=_large_predictions, act=clients.read_late),
    Kind("4 MB never read", 1, _large, 0, act=clients.never_read),
)
CANCELLED = (
    Kind("closed after connecting", 1, _predict, 0, act=clients.close_at_once),
    Kind("closed in the body", 2, _predict, 0, act=clients.close_in_body),
    Kind("reset in the body", 2, _predict, 0, act=clients.reset_in_body),
    Kind("closed while it waits", 2, lambda x: _predict(x, "slow"), 0, act=clients.close_waiting),
    Kind("reset while it waits", 2, lambda x: _predict(x, "slow"), 0, act=clients.reset_waiting),
)
GROUPS = (
    Group("good", 12, 120, GOOD),
    Group("bad", 3, 20, BAD),
    Group("model", 3, 4, MODEL),
    Group("slow client", 6, 2, SLOW),
    Group("cancelled", 3, 5, CANCELLED),
)
