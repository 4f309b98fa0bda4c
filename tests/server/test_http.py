"""HTTP, right or wrong, against a real gunicorn."""

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

JSON = "Content-Type: application/json"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Share one server, which is as good after all that the tests do to it as before."""
    with serving_unharmed(tmp_path_factory.mktemp("edge")) as server:
        yield server


@pytest.mark.parametrize(
    "sent",
    [
        post_chunked(b"{", b'"a"', b":", b"1", b"}"),
        post_chunked(b'{"a":1}', end=b"0;last\r\nX-Trailer: 1\r\n\r\n"),
        head("POST", PREDICT, JSON, "Transfer-Encoding: Chunked")
        + b'07;x="y"\r\n{"a":1}\r\n0\r\n\r\n',
    ],
)
def test_a_body_may_come_in_chunks(server: Server, sent: bytes) -> None:
    with Wire(server.port, sent + LIVENESS) as wire:
        assert wire.answer().json == {"a": 1}
        assert wire.answer().json == {"Alive": True}


@pytest.mark.parametrize(
    "end",
    [b"", b"2\r\n{}", b"2\r\n{}xx", b"x\r\n{}\r\n", b"-2\r\n", b"\r\n", b"2 2\r\n{}\r\n0\r\n\r\n",
     b"f" * 40 + b"\r\n{}", b"0\r\n", b"0\r\nContent-Length: 3\r\n\r\n", b"2;\n\r\n{}\r\n0\r\n\r\n"],
)  # fmt: skip
def test_a_broken_chunk_is_refused_and_ends_the_connection(server: Server, end: bytes) -> None:
    with Wire(server.port, post_chunked(b'{"a":', end=end)) as wire:
        wire.end_input()
        check_refusal(wire.answer(), 400)
        assert wire.ended()


@settings(max_examples=150, deadline=None)
@given(sent=st.binary(min_size=1, max_size=60), end=st.sampled_from([b"", b"\r\n\r\n"]))
def test_any_bytes_for_a_request_get_a_clear_answer(
    server: Server, sent: bytes, end: bytes
) -> None:
    with Wire(server.port, sent + end) as wire:
        wire.end_input()
        check_refusal(wire.answer(), 400)
        assert wire.ended()


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        pytest.param(400, b"GET /api/liveness\r\n\r\n", id="no version"),
        pytest.param(400, b"GET /api/liveness HTTP/9.1\r\n\r\n", id="bad version"),
        pytest.param(400, b"GET /api/liveness HTTP/1.1\n\n", id="line feeds alone"),
        pytest.param(400, b"GET  /api/liveness HTTP/1.1\r\n\r\n", id="two spaces"),
        pytest.param(400, b"get /api/liveness HTTP/1.1\r\n\r\n", id="method in lower case"),
        pytest.param(400, b"GET /api/l\xc3\xad HTTP/1.1\r\n\r\n", id="path in UTF-8"),
        pytest.param(400, b"GET * HTTP/1.1\r\n\r\n", id="asterisk"),
        pytest.param(400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(400, LIVENESS[:-2] + b"No colon\r\n\r\n", id="no colon"),
        pytest.param(400, LIVENESS[:-2] + b"A : b\r\n\r\n", id="space before the colon"),
        pytest.param(400, LIVENESS[:-2] + b"A: b\r\n c\r\n\r\n", id="folded header"),
        pytest.param(400, LIVENESS[:-2] + b"A: b\x00c\r\n\r\n", id="NUL in a header"),
        pytest.param(400, LIVENESS[:-2] + b"Host: other\r\n\r\n", id="two hosts"),
        pytest.param(414, head("GET", "/" + "a" * 5_000), id="giant URL"),
        pytest.param(431, LIVENESS[:-2] + b"A: %s\r\n\r\n" % (b"b" * 9_000), id="giant header"),
        pytest.param(431, LIVENESS[:-2] + b"A: b\r\n" * 150 + b"\r\n", id="many headers"),
        pytest.param(431, LIVENESS[:-2] + b"A: %s" % (b"b" * 200_000), id="endless header"),
        pytest.param(417, LIVENESS[:-2] + b"Expect: more\r\n\r\n", id="unknown expectation"),
    ],
)
def test_broken_http_is_refused_and_ends_the_connection(
    server: Server, status: int, sent: bytes
) -> None:
    with Wire(server.port, sent) as wire:
        check_refusal(wire.answer(), status)
        assert wire.ended()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (400, ["Content-Length: 2", "Transfer-Encoding: chunked"]),
        (400, ["Transfer-Encoding: chunked", "Content-Length: 2"]),
        (400, ["Content-Length: 2", "Content-Length: 3"]),
        (400, ["Content-Length: 2", "Content-Length: 2"]),
        (400, ["Content-Length: 2, 3"]),
        (400, ["Content-Length: -2"]),
        (400, ["Content-Length: +2"]),
        (400, ["Content-Length: 0x2"]),
        (400, ["Content-Length: 2_0"]),
        (400, ["Content-Length: \xb2"]),
        (400, ["Transfer-Encoding: chunked, chunked"]),
        (400, ["Transfer-Encoding: chunked, identity"]),
        (400, ["Transfer-Encoding: identity"]),
        (400, ["Transfer-Encoding: gzip"]),
        (400, ["Transfer-Encoding : chunked"]),
        (501, ["Transfer-Encoding: xchunked"]),
        (400, ["Transfer-Encoding: \x0bchunked"]),
    ],
)
def test_a_request_that_two_servers_could_read_differently_is_refused(
    server: Server, status: int, headers: list[str]
) -> None:
    hidden = b"0\r\n\r\n" + LIVENESS
    with Wire(server.port, head("POST", PREDICT, JSON, *headers) + hidden) as wire:
        check_refusal(wire.answer(), status)
        assert wire.ended()


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "BREW", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    ("path", "allowed"),
    [(PREDICT, {"OPTIONS", "POST"}), ("/api/liveness", {"GET", "HEAD", "OPTIONS"})],
)
def test_another_method_is_refused_and_told_which_are_allowed(
    server: Server, method: str, path: str, allowed: set[str]
) -> None:
    if method in allowed:
        return
    answer = ask(server, head(method, path))
    check_refusal(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/api/liveness", "/api/readiness", PREDICT, "/api/nothing"])
def test_head_and_options_have_no_body(server: Server, path: str) -> None:
    with Wire(server.port, head("HEAD", path) + head("OPTIONS", path) + LIVENESS) as wire:
        with_body = ask(server, head("GET", path))
        assert wire.answer("HEAD").status == with_body.status
        options = wire.answer()
        if path == "/api/nothing":
            check_refusal(options, 404)
        else:
            assert (options.status, options.body) == (200, b"")
            assert "OPTIONS" in options.headers["Allow"]
        assert wire.answer().json == {"Alive": True}


@pytest.mark.parametrize(
    "path",
    ["/", "/api/nothing", "/api/liveness/", "/api/%2e%2e/liveness", "/api/../app", "/api/%ff",
     "/api/%00", "/api/liveness%0a", "/api//liveness", "/api/Liveness", "//other.test/api/", "/api/" + "a" * 4_000,
     "/api/swaggerui/../../x", "/api/swaggerui/%2e%2e%2f%2e%2e%2fx", "/api/model", PREDICT + "/"],
)  # fmt: skip
def test_another_path_is_not_found(server: Server, path: str) -> None:
    check_refusal(ask(server, head("GET", path)), 404)


@pytest.mark.parametrize("path", ["/api/live%6Eess", "/api/liveness?x=%zz&%ff", "//api/liveness"])
def test_a_path_may_be_written_in_another_way(server: Server, path: str) -> None:
    assert ask(server, head("GET", path)).json == {"Alive": True}


def test_an_origin_that_is_no_address_is_another_site(server: Server) -> None:
    for origin in ("null", "http://[", "http://[::1", "é", "http://test@test"):
        check_refusal(ask(server, post(b"{}", f"Origin: {origin}")), 400)
        assert ask(server, LIVENESS[:-2] + f"Origin: {origin}\r\n\r\n".encode()).status == 200
