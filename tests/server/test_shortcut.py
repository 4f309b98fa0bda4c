"""The shortcut's answers are the long way's, call by call, over the wire of a real gunicorn."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ECHO, GUNICORN, PREDICT, VALID, Server, serving, write_module
from tests.observability.test_metrics import values
from tests.raw_http import Answer, Wire, ask, head, post

LONG_WAY = (*GUNICORN[:-1], "tests.server.path_variants:only_the_long_way()")
SHORTCUT = (*GUNICORN[:-1], "tests.server.path_variants:only_the_shortcut()")
FAILING = (
    ECHO.replace("return input_data", "return predict(input_data)")
    + """
    failures = 0

    def predict(input_data):
        global failures
        if input_data.get("fails"):
            failures += 1
            raise LookupError("no such row")
        return failures if "failures" in input_data else input_data
"""
)
JSON = "Content-Type: application/json"

BODIES: dict[str, Any] = {
    "valid": VALID,
    "whole numbers": {**VALID, "int_param": 10.0, "float_param": 3},
    "an extra parameter": {**VALID, "extra": [1, {"a": None}]},
    "a missing parameter": {"int_param": 1},
    "a wrong type": {**VALID, "int_param": "a"},
    "an impossible date": {**VALID, "date_param": "2021-02-30"},
    "a row that the model fails for": {**VALID, "fails": True},
    "no object": [VALID],
    "null": None,
}
TEXTS = {name: json.dumps(body) for name, body in BODIES.items()} | {
    "empty": "",
    "not JSON": "{",
    "a name twice": '{"a": 1, "a": 2}',
    "a number beyond 64 bits": '{"int_param": 99999999999999999999}',
    "too long": json.dumps({**VALID, "extra": "x" * 5000}),
}
HEADERS: dict[str, tuple[str, ...]] = {
    "plain": (JSON,),
    "own page": (JSON, "Sec-Fetch-Site: same-origin"),
    "another site": (JSON, "Sec-Fetch-Site: cross-site"),
    "own origin": (JSON, "Origin: http://test"),
    "another origin": (JSON, "Origin: http://evil.example"),
    "compressed": (JSON, "Content-Encoding: gzip"),
    "masked": (JSON, "X-Fields: int_param"),
    "a parameter of the type": ("Content-Type: application/json; charset=utf-8",),
    "another JSON": ("Content-Type: application/vnd.row+json",),
    "no JSON": ("Content-Type: text/plain",),
    "two types": (JSON, "Content-Type: text/plain"),
    "two types, JSON last": ("Content-Type: text/plain", JSON),
    "two sites": (JSON, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-origin"),
    "no type": (),
    "the last request": (JSON, "Connection: close"),
    "an ask to go on": (JSON, "Expect: 100-continue"),
    "another expectation": (JSON, "Expect: a-miracle"),
    "a proxy's": (JSON, "X-Forwarded-Proto: https", "X-Forwarded-For: 10.0.0.1"),
    "a path of a proxy's": (JSON, "Script_Name: /api"),
    "a long head": (JSON, "Cookie: " + "x" * 5000),
    "another method by a header": (JSON, "X-HTTP-Method-Override: HEAD"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "unchecked": {"RESTX_VALIDATE": "False"},
    "unguarded": {"WTF_CSRF_ENABLED": "False"},
    "masking": {"RESTX_MASK_SWAGGER": "True"},
    "two processes": {"WORKERS": "2"},
}
VALID_BODY = json.dumps(VALID).encode()
LENGTH = f"Content-Length: {len(VALID_BODY)}"
REQUESTS = {
    "another path": post(VALID_BODY, path="/api/model"),
    "a path that goes on": post(VALID_BODY, path=f"{PREDICT}/"),
    "a path with a query": post(VALID_BODY, path=f"{PREDICT}?a=1"),
    "a path in another spelling": post(VALID_BODY, path="/api/model/predic%74"),
    "a whole address": post(VALID_BODY, path=f"http://test{PREDICT}"),
    "another method": head("PUT", PREDICT, JSON, LENGTH) + VALID_BODY,
    "HTTP 1.0": post(VALID_BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP 1.0, kept alive": post(VALID_BODY, "Connection: keep-alive").replace(b"1.1", b"1.0", 1),
    "an empty line first": b"\r\n" + post(VALID_BODY),
    "names in small letters": post(VALID_BODY).lower().replace(b"post", b"POST", 1),
    "no host": post(VALID_BODY).replace(b"Host: test\r\n", b""),
    "an origin with its port": post(VALID_BODY, "Origin: http://test:80").replace(
        b"Host: test", b"Host: test:80"
    ),
    "two hosts": post(VALID_BODY, "Host: other"),
    "two lengths": post(VALID_BODY, "Content-Length: 1"),
    "a signed length": post(VALID_BODY).replace(b"Length: ", b"Length: +"),
    "no length": head("POST", PREDICT, JSON) + VALID_BODY,
    "a length and chunks": post(VALID_BODY, "Transfer-Encoding: chunked"),
    "a broken header": post(VALID_BODY, "no header"),
    "line feeds alone": post(VALID_BODY).replace(b"\r\n", b"\n"),
    "a body that ends early": post(VALID_BODY)[:-5],
}


def outcome(server: Server, sent: bytes) -> tuple[Any, ...]:
    """Return all that can be seen of an answer, the metrics that it changed included."""
    before = counted(server)
    with Wire(server.port, sent) as wire:
        wire.end_input()
        answer = wire.answer()
        if goes_on := answer.status == HTTPStatus.CONTINUE:
            answer = wire.answer()
    headers = [header for header in answer.headers.items() if header[0] != "Date"]
    after = counted(server)
    changed = {name: after[name] - before.get(name, 0) for name in after}
    return (
        goes_on,
        answer.version,
        answer.status,
        answer.body,
        sorted(headers),
        {name: value for name, value in changed.items() if value},
    )


def counted(server: Server) -> dict[tuple[str, ...], float]:
    metrics = values(ask(server, head("GET", "/metrics")).body.decode())
    return {
        name: value
        for name, value in metrics.items()
        if name[0].startswith("ml_rest_api") and "path=/metrics" not in name
        and "sum" not in name[0] and "bucket" not in name[0]
    }  # fmt: skip


@pytest.fixture(scope="module", params=SETTINGS)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """A server as it is, and one without the shortcut."""
    folders = tmp_path_factory.mktemp("short"), tmp_path_factory.mktemp("long")
    for folder in folders:
        write_module(folder, FAILING)
    settings: dict[str, Any] = {"MAX_CONTENT_LENGTH": "4000", **SETTINGS[request.param]}
    with (
        serving(folders[0], **settings) as short,
        serving(folders[1], command=LONG_WAY, **settings) as long,
    ):
        yield short, long


@pytest.fixture(scope="module")
def shortcut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with nothing but the shortcut."""
    folder = tmp_path_factory.mktemp("shortcut")
    write_module(folder, ECHO)
    with serving(folder, command=SHORTCUT, WORKERS="2") as server:
        yield server


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_an_answer_is_the_long_ways(
    servers: tuple[Server, Server], text: str, headers: tuple[str, ...]
) -> None:
    length = f"Content-Length: {len(text)}"
    sent = head("POST", PREDICT, *headers, length) + text.encode()
    short, long = (outcome(server, sent) for server in servers)
    assert short == long


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS.keys())
def test_any_request_is_understood_alike(servers: tuple[Server, Server], sent: bytes) -> None:
    short, long = (outcome(server, sent) for server in servers)
    assert short == long


def test_a_row_that_the_model_fails_for_is_tried_once(servers: tuple[Server, Server]) -> None:
    said = f"POST {PREDICT}: run() failed: LookupError: no such row"
    for server in servers:
        logged = server.log.count(said)
        with Wire(server.port) as wire:

            def answer(wire: Wire = wire, **more: bool) -> Answer:
                wire.send(post(json.dumps({**VALID, **more}).encode()))
                return wire.answer()

            failures = answer(failures=True).json
            assert answer(fails=True).status == 500
            wire.send(post(VALID_BODY).replace(b"/json", b"/row+json"))
            assert wire.answer().json == VALID
            assert answer(failures=True).json == failures + 1
            assert answer().json == VALID
        assert server.log.count(said) == logged + 1


@pytest.mark.parametrize("pause", [0, 0.2])
def test_a_good_prediction_takes_the_shortcut(shortcut: Server, pause: float) -> None:
    """However its bytes come, and whatever came before it on its connection."""
    sent = post(VALID_BODY)
    for cut in (0, len(sent) - len(VALID_BODY), len(sent) - 5):
        with Wire(shortcut.port, sent + sent) as wire:
            for _ in range(2):
                assert wire.answer().json == VALID
            for _ in range(3):
                time.sleep(pause)
                wire.send(sent[:cut])
                time.sleep(pause)
                wire.send(sent[cut:])
                assert wire.answer().json == VALID
    assert ask(shortcut, post(b"{}")).status == 501


def test_a_long_answer_comes_in_full_to_a_client_that_takes_its_time(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return 'x' * row['length']")
    with serving(tmp_path, command=SHORTCUT) as server, Wire(server.port) as wire:
        for length in (10, 30_000_000, 10):
            wire.send(post(b'{"length": %d}' % length))
            time.sleep(0.2)
            assert wire.answer().json == "x" * length


def test_many_callers_get_the_answers_that_are_theirs(shortcut: Server) -> None:
    def call(caller: int) -> None:
        with Wire(shortcut.port) as wire:
            for number in range(100):
                row = {**VALID, "int_param": 1000 * caller + number}
                wire.send(post(json.dumps(row).encode()))
                assert wire.answer().json == row

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(call, range(40)))


@pytest.mark.parametrize("options", ["--access-logfile=-", "--max-requests=100000"])
def test_what_gunicorn_does_for_each_request_is_done(tmp_path: Path, options: str) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, command=SHORTCUT, GUNICORN_CMD_ARGS=options) as server:
        assert ask(server, post(VALID_BODY)).status == 501
