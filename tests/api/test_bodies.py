"""Request bodies of predictions, valid and invalid, against gunicorn."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers import PREDICT, Server
from tests.raw_http import (
    LIVENESS,
    RawConnection,
    check_error_response,
    head,
    post,
    post_chunked,
    send_request,
)

LIMIT = 1_048_576


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
        pytest.param(b'{"a": 1', id="truncated"),
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
        pytest.param(b"[" * 100_000, id="nested and unclosed"),
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
        pytest.param(b'{"a": "\xff"}', id="invalid UTF-8"),
        pytest.param(b'{"a": "\xc0\xaf"}', id="overlong UTF-8"),
        pytest.param('{"a": "é"}'.encode("latin-1"), id="Latin-1"),
        pytest.param('{"a": 1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a": 1}'.encode("utf-32-le"), id="UTF-32"),
    ],
)
def test_an_invalid_body_is_rejected_and_the_connection_stays_open(
    server: Server, body: bytes
) -> None:
    with RawConnection(server.port, post(body)) as connection:
        check_error_response(connection.read_response(), 400)
        connection.send(LIVENESS)
        assert connection.read_response().json == {"Alive": True}


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
def test_an_unusual_body_is_accepted_unchanged(server: Server, body: bytes) -> None:
    response = send_request(server, post(body))
    assert (response.status, response.json) == (200, json.loads(body))


@settings(max_examples=150, deadline=None)
@given(body=st.binary(max_size=60) | st.text('{}[]":,0123456789.eE+-\\udn al', max_size=40))
def test_any_body_gets_a_prediction_or_a_400(server: Server, body: bytes | str) -> None:
    data = body if isinstance(body, bytes) else b'{"a": %s}' % body.encode()
    response = send_request(server, post(data))
    if response.status == 200:
        assert response.json == json.loads(data)
    else:
        check_error_response(response, 400)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
     "application/jsonp", "application/+json", "application/json+xml", "text/json", "json", ";", "é"],
)  # fmt: skip
def test_another_content_type_is_rejected(server: Server, content_type: str) -> None:
    headers = [f"Content-Type: {content_type}"] if content_type else []
    with RawConnection(
        server.port, head("POST", PREDICT, "Content-Length: 2", *headers) + b"{}"
    ) as connection:
        check_error_response(connection.read_response(), 415)
        connection.send(LIVENESS)
        assert connection.read_response().status == 200


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8",
     "application/vnd.x+json", "application/problem+json;charset=UTF-8"],
)  # fmt: skip
def test_these_content_types_are_accepted(server: Server, content_type: str) -> None:
    headers = [f"Content-Type: {content_type}", "Content-Length: 2"]
    assert send_request(server, head("POST", PREDICT, *headers) + b"{}").json == {}


def test_a_byte_order_mark_is_accepted(server: Server) -> None:
    assert send_request(server, post(b'\xef\xbb\xbf{"a": 1}')).json == {"a": 1}


GZIP = "Content-Encoding: gzip"


def test_a_gzip_body_is_accepted(server: Server) -> None:
    member = gzip.compress(b'{"a": ')
    for body in (gzip.compress(b'{"a": 1}'), member + gzip.compress(b"1}")):
        assert send_request(server, post(body, GZIP)).json == {"a": 1}
        assert send_request(server, post(body, "Content-Encoding: GZip")).json == {"a": 1}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{}", id="not compressed"),
        pytest.param(gzip.compress(b"{}")[:-3], id="cut short"),
        pytest.param(gzip.compress(b"{"), id="not JSON"),
        pytest.param(b"\x1f\x8b", id="magic number alone"),
    ],
)
def test_an_invalid_gzip_body_is_rejected(server: Server, body: bytes) -> None:
    with RawConnection(server.port, post(body, GZIP) + LIVENESS) as connection:
        check_error_response(connection.read_response(), 400)
        assert connection.read_response().status == 200


def test_a_gzip_body_is_limited_by_what_it_unpacks_to(server: Server) -> None:
    body = body_of(LIMIT)
    assert send_request(server, post(gzip.compress(body), GZIP)).body == body
    check_error_response(send_request(server, post(gzip.compress(body + b" "), GZIP)), 413)
    check_error_response(send_request(server, post(gzip.compress(b" " * 10**8), GZIP)), 413)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "x"])
def test_another_encoding_is_rejected(server: Server, encoding: str) -> None:
    response = send_request(server, post(b"{}", f"Content-Encoding: {encoding}"))
    check_error_response(response, 415)
    assert "Content-Encoding" in response.json["message"]


def test_a_body_of_the_maximum_length_is_accepted(server: Server) -> None:
    body = body_of(LIMIT)
    assert send_request(server, post(body)).body == body
    assert send_request(server, post_chunked(body)).body == body
    assert send_request(server, post_chunked(body[:7], body[7:-1], body[-1:])).body == body


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(post(body_of(LIMIT) + b" "), id="with a Content-Length"),
        pytest.param(post_chunked(body_of(LIMIT) + b" "), id="in one chunk"),
        pytest.param(post_chunked(body_of(LIMIT), b" "), id="in two chunks"),
        pytest.param(post_chunked(*[b" " * 65_536] * 100), id="in many chunks"),
        pytest.param(post(b" " * 8_000_000), id="far beyond the limit"),
        pytest.param(
            head("POST", PREDICT, "Content-Type: application/json", "Content-Length: 1048577"),
            id="headers only",
        ),
        pytest.param(
            head("POST", PREDICT, "Content-Type: application/json", f"Content-Length: {10**30}"),
            id="immense Content-Length",
        ),
    ],
)
def test_a_longer_body_is_rejected_and_the_response_arrives(server: Server, sent: bytes) -> None:
    with RawConnection(server.port, sent) as connection:
        response = connection.read_response()
        check_error_response(response, 413)
        assert str(LIMIT) in response.json["message"]
        if response.headers["Connection"] == "close":
            assert connection.is_closed_by_server()
        else:  # the rest of the body had arrived
            connection.send(LIVENESS)
            assert connection.read_response().status == 200
