"""Bodies of predictions, right or wrong, against a real gunicorn."""

import gzip
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import PREDICT, Server
from tests.raw_http import (
    LIVENESS,
    Wire,
    ask,
    check_refusal,
    head,
    post,
    post_chunked,
    serving_unharmed,
)

LIMIT = 1_048_576


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Share one server, which is as good after all that the tests do to it as before."""
    with serving_unharmed(tmp_path_factory.mktemp("bodies")) as server:
        yield server


def body_of(size: int) -> bytes:
    return b'{"a":"%s"}' % (b"x" * (size - 8))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \r\n\t", id="whitespace"),
        pytest.param(b"[1]", id="array"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="string"),
        pytest.param(b'{"a": 1', id="cut"),
        pytest.param(b'{"a": 1} x', id="trailing garbage"),
        pytest.param(b'{"a": 1}{"a": 1}', id="two objects"),
        pytest.param(b"{'a': 1}", id="single quotes"),
        pytest.param(b'{"a": 1,}', id="trailing comma"),
        pytest.param(b'{"a": 01}', id="leading zero"),
        pytest.param(b'{"a": 1} // why', id="comment"),
        pytest.param(b'{"a": "\n"}', id="control character"),
        pytest.param(b'{"a": 1}\x00', id="NUL"),
        pytest.param(b'{"a": 1, "a": 2}', id="duplicate key"),
        pytest.param(b'{"b": [{"a": 1, "\\u0061": 2}]}', id="duplicate key, escaped and nested"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="nested objects"),
        pytest.param(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested arrays"),
        pytest.param(b"[" * 100_000, id="nested and open"),
        pytest.param(b'{"a": %d}' % 2**64, id="2**64"),
        pytest.param(b'{"a": [{"b": %d}]}' % -(2**64), id="-2**64, nested"),
        pytest.param(b'{"a": %s}' % (b"9" * 400), id="400 digits"),
        pytest.param(b'{"a": %s}' % (b"9" * 5000), id="5000 digits"),
        pytest.param(b'{"a": 1e400}', id="1e400"),
        pytest.param(b'{"a": -1E+400}', id="-1E+400"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": Infinity}', id="Infinity"),
        pytest.param(b'{"a": -Infinity}', id="-Infinity"),
        pytest.param(b'{"a": "\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"\\udc00\\ud800": 1}', id="surrogates in the wrong order"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="surrogate in UTF-8"),
        pytest.param(b'{"a": "\xff"}', id="no UTF-8"),
        pytest.param(b'{"a": "\xc0\xaf"}', id="overlong UTF-8"),
        pytest.param('{"a": "é"}'.encode("latin-1"), id="Latin-1"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', id="byte order mark"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a": 1}'.encode("utf-32-le"), id="UTF-32"),
    ],
)
def test_a_wrong_body_is_refused_and_its_connection_goes_on(server: Server, body: bytes) -> None:
    with Wire(server.port, post(body)) as wire:
        check_refusal(wire.answer(), 400)
        wire.send(LIVENESS)
        assert wire.answer().json == {"Alive": True}


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b' \n{"a": 1}\r\n\t ',
        b'{"a": [%d, %d, 1e308, -1.5E-7]}' % (2**64 - 1, -(2**63)),
        b'{"": {"a": 1}, "b": [{"a": 1}, {"a": 1}]}',
        b'{"a": "\\ud83d\\ude00 \\u0000 \\/"}',
        '{"é": "\u2028 \U0010ffff"}'.encode(),
        b'{"a":' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"a": "%s"}' % (b"9" * 5000),
    ],
)
def test_an_unusual_body_is_taken_as_it_is(server: Server, body: bytes) -> None:
    answer = ask(server, post(body))
    assert (answer.status, answer.json) == (200, json.loads(body))


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=60) | st.text('{}[]":,0123456789.eE+-\\udn al', max_size=40))
def test_any_bytes_for_a_body_get_a_clear_answer(server: Server, body: bytes | str) -> None:
    data = body if isinstance(body, bytes) else b'{"a": %s}' % body.encode()
    answer = ask(server, post(data))
    if answer.status == 200:
        assert answer.json == json.loads(data)
    else:
        check_refusal(answer, 400)


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/jsonp", "application/+json", "application/json+xml", "text/json", "json", ";", "é"],
)  # fmt: skip
def test_another_content_type_is_refused(server: Server, kind: str) -> None:
    headers = [f"Content-Type: {kind}"] if kind else []
    with Wire(server.port, head("POST", PREDICT, "Content-Length: 2", *headers) + b"{}") as wire:
        check_refusal(wire.answer(), 415)
        wire.send(LIVENESS)
        assert wire.answer().status == 200


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON", "application/json; charset=utf-8",
     "application/vnd.x+json", "application/problem+json;charset=UTF-8"],
)  # fmt: skip
def test_these_content_types_are_json(server: Server, kind: str) -> None:
    headers = [f"Content-Type: {kind}", "Content-Length: 2"]
    assert ask(server, head("POST", PREDICT, *headers) + b"{}").json == {}


def test_a_compressed_body_is_refused(server: Server) -> None:
    answer = ask(server, post(gzip.compress(b"{}"), "Content-Encoding: gzip"))
    check_refusal(answer, 415)
    assert "Content-Encoding" in answer.json["message"]


def test_a_body_may_be_as_long_as_the_limit(server: Server) -> None:
    body = body_of(LIMIT)
    assert ask(server, post(body)).body == body
    assert ask(server, post_chunked(body)).body == body
    assert ask(server, post_chunked(body[:7], body[7:-1], body[-1:])).body == body


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post(body_of(LIMIT) + b" "), id="with its length"),
        pytest.param(post_chunked(body_of(LIMIT) + b" "), id="in a chunk"),
        pytest.param(post_chunked(body_of(LIMIT), b" "), id="in two chunks"),
        pytest.param(post_chunked(*[b" " * 65_536] * 100), id="in many chunks"),
        pytest.param(post(b" " * 8_000_000), id="much too long"),
        pytest.param(
            head("POST", PREDICT, "Content-Type: application/json", "Content-Length: 1048577"),
            id="announced only",
        ),
        pytest.param(
            head("POST", PREDICT, "Content-Type: application/json", f"Content-Length: {10**30}"),
            id="immense",
        ),
    ],
)
def test_a_longer_body_is_refused_and_the_refusal_arrives(server: Server, sent: bytes) -> None:
    with Wire(server.port, sent) as wire:
        answer = wire.answer()
        check_refusal(answer, 413)
        assert str(LIMIT) in answer.json["message"]
        if answer.headers["Connection"] == "close":
            assert wire.ended()
        else:  # the rest had arrived
            wire.send(LIVENESS)
            assert wire.answer().status == 200
