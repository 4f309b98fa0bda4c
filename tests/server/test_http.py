"""HTTP/1.1, valid and invalid, against gunicorn."""

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

JSON = "Content-Type: application/json"
METHODS = ["GET", "PUT", "PATCH", "DELETE", "BREW", "TRACE", "PROPFIND"]
ALLOWED = {PREDICT: {"OPTIONS", "POST"}, "/api/liveness": {"GET", "HEAD", "OPTIONS"}}


@pytest.mark.parametrize(
    "sent",
    [
        post_chunked(b"{", b'"a"', b":", b"1", b"}"),
        post_chunked(b'{"a":1}', end=b"0;last\r\nX-Trailer: 1\r\n\r\n"),
        head("POST", PREDICT, JSON, "Transfer-Encoding: Chunked")
        + b'07;x="y"\r\n{"a":1}\r\n0\r\n\r\n',
    ],
)
def test_a_chunked_body_is_accepted(server: Server, sent: bytes) -> None:
    with RawConnection(server.port, sent + LIVENESS) as connection:
        assert connection.read_response().json == {"a": 1}
        assert connection.read_response().json == {"Alive": True}


@pytest.mark.parametrize(
    "end",
    [b"", b"2\r\n{}", b"2\r\n{}xx", b"x\r\n{}\r\n", b"-2\r\n", b"\r\n", b"2 2\r\n{}\r\n0\r\n\r\n",
     b"f" * 40 + b"\r\n{}", b"0\r\n", b"0\r\nContent-Length: 3\r\n\r\n", b"2;\n\r\n{}\r\n0\r\n\r\n"],
)  # fmt: skip
def test_a_malformed_chunk_is_rejected_and_closes_the_connection(
    server: Server, end: bytes
) -> None:
    with RawConnection(server.port, post_chunked(b'{"a":', end=end)) as connection:
        connection.shutdown_write()
        check_error_response(connection.read_response(), 400)
        assert connection.is_closed_by_server()


@settings(max_examples=150, deadline=None)
@given(sent=st.binary(min_size=1, max_size=60), end=st.sampled_from([b"", b"\r\n\r\n"]))
def test_arbitrary_bytes_get_a_400_and_close_the_connection(
    server: Server, sent: bytes, end: bytes
) -> None:
    with RawConnection(server.port, sent + end) as connection:
        connection.shutdown_write()
        check_error_response(connection.read_response(), 400)
        assert connection.is_closed_by_server()


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
        pytest.param(400, b"GET http://[x/api/ HTTP/1.1\r\nHost: x\r\n\r\n", id="no URL"),
        pytest.param(400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", id="HTTP/2"),
        pytest.param(400, LIVENESS[:-2] + b"No colon\r\n\r\n", id="no colon"),
        pytest.param(400, LIVENESS[:-2] + b"A : b\r\n\r\n", id="space before the colon"),
        pytest.param(400, LIVENESS[:-2] + b"A: b\r\n c\r\n\r\n", id="folded header"),
        pytest.param(400, LIVENESS[:-2] + b"A: b\x00c\r\n\r\n", id="NUL in a header"),
        pytest.param(400, LIVENESS[:-2] + b"Host: other\r\n\r\n", id="two hosts"),
        pytest.param(400, LIVENESS.replace(b"Host: test\r\n", b""), id="no host"),
        pytest.param(400, b"\x16\x03\x01\x02\x00", id="TLS"),
        pytest.param(414, head("GET", "/" + "a" * 5_000), id="giant URL"),
        pytest.param(431, LIVENESS[:-2] + b"A: %s\r\n\r\n" % (b"b" * 9_000), id="giant header"),
        pytest.param(431, LIVENESS[:-2] + b"A: b\r\n" * 150 + b"\r\n", id="many headers"),
        pytest.param(431, LIVENESS[:-2] + b"A: %s" % (b"b" * 200_000), id="endless header"),
        pytest.param(
            417,
            LIVENESS[:-2] + b"Transfer-Encoding: chunked\r\nExpect: more\r\n\r\n0\r\n\r\n",
            id="unknown expectation, chunked",
        ),
        pytest.param(417, LIVENESS[:-2] + b"Expect: more\r\n\r\n", id="unknown expectation"),
    ],
)
def test_malformed_http_is_rejected_and_closes_the_connection(
    server: Server, status: int, sent: bytes
) -> None:
    with RawConnection(server.port, sent) as connection:
        check_error_response(connection.read_response(), status)
        assert connection.is_closed_by_server()


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
def test_a_request_with_ambiguous_framing_is_rejected(
    server: Server, status: int, headers: list[str]
) -> None:
    smuggled = b"0\r\n\r\n" + LIVENESS
    with RawConnection(server.port, head("POST", PREDICT, JSON, *headers) + smuggled) as connection:
        check_error_response(connection.read_response(), status)
        assert connection.is_closed_by_server()


@pytest.mark.parametrize(
    ("path", "allowed", "method"),
    [
        (path, allowed, method)
        for path, allowed in ALLOWED.items()
        for method in METHODS
        if method not in allowed
    ],
)
def test_a_405_lists_the_allowed_methods(
    server: Server, path: str, allowed: set[str], method: str
) -> None:
    response = send_request(server, head(method, path))
    check_error_response(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/api/liveness", "/api/readiness", PREDICT, "/api/nothing"])
def test_responses_to_head_and_options_have_no_body(server: Server, path: str) -> None:
    with RawConnection(
        server.port, head("HEAD", path) + head("OPTIONS", path) + LIVENESS
    ) as connection:
        get = send_request(server, head("GET", path))
        assert connection.read_response("HEAD").status == get.status
        options = connection.read_response()
        if path == "/api/nothing":
            check_error_response(options, 404)
        else:
            assert (options.status, options.body) == (200, b"")
            assert "OPTIONS" in options.headers["Allow"]
        assert connection.read_response().json == {"Alive": True}


@pytest.mark.parametrize(
    "path",
    ["/api/nothing", "/api/liveness/", "/api/%2e%2e/liveness", "/api/../app", "/api/%ff",
     "/api/%00", "/api/liveness%0a", "/api//liveness", "/api/Liveness", "//other.test/api/", "/api/" + "a" * 4_000,
     "/api/swaggerui/../../x", "/api/swaggerui/%2e%2e%2f%2e%2e%2fx", "/api/model/", PREDICT + "/"],
)  # fmt: skip
def test_an_unknown_path_is_a_404(server: Server, path: str) -> None:
    check_error_response(send_request(server, head("GET", path)), 404)


def test_the_root_redirects_to_the_page(server: Server) -> None:
    response = send_request(server, head("GET", "/"))
    assert (response.status, response.headers["Location"]) == (308, "/api/")


@pytest.mark.parametrize("path", ["/api/live%6Eess", "/api/liveness?x=%zz&%ff", "//api/liveness"])
def test_an_equivalent_spelling_of_a_path_is_accepted(server: Server, path: str) -> None:
    assert send_request(server, head("GET", path)).json == {"Alive": True}


def test_an_invalid_origin_counts_as_cross_site(server: Server) -> None:
    for origin in ("null", "http://[", "http://[::1", "é", "http://test@test"):
        check_error_response(send_request(server, post(b"{}", f"Origin: {origin}")), 400)
        liveness = LIVENESS[:-2] + f"Origin: {origin}\r\n\r\n".encode()
        assert send_request(server, liveness).status == 200
