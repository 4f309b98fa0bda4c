import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.observability.request_ids import request_id
from tests.helpers import eventually, serving, write_module

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01".encode()
RANDOM = re.compile("[0-9a-f]{32}")


@pytest.mark.parametrize("own_id", ["a", "Z9", "req_1.2-3", "-", "." * 128])
def test_a_callers_valid_id_is_kept(own_id: str) -> None:
    assert request_id(own_id.encode(), TRACEPARENT) == own_id


@pytest.mark.parametrize(
    "own_id", [b"", b"a b", b"a\n", b"\n", b"a/b", b"<b>", b"\xe9", b"%s", b"a" * 129, b"a,b"]
)
def test_instead_of_an_invalid_id_the_traces_is_used_else_a_random_one(own_id: bytes) -> None:
    assert request_id(own_id, TRACEPARENT) == TRACE
    assert RANDOM.fullmatch(request_id(own_id, b""))


@pytest.mark.parametrize("version", ["00", "01", "fe"])
@pytest.mark.parametrize("flags", ["00", "01", "ff"])
def test_the_trace_id_of_a_valid_traceparent_is_used(version: str, flags: str) -> None:
    assert request_id(b"", f"{version}-{TRACE}-b7ad6b7169203331-{flags}".encode()) == TRACE


def test_a_later_version_of_traceparent_may_have_more_fields() -> None:
    assert request_id(b"", TRACEPARENT.replace(b"00-", b"cc-", 1) + b"-what-else") == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        b"",
        b"ff" + TRACEPARENT[2:],
        TRACEPARENT.upper(),
        TRACEPARENT[:-1],
        TRACEPARENT[1:],
        b" " + TRACEPARENT,
        TRACEPARENT.replace(b"-", b"_"),
        TRACEPARENT.replace(b"0af", b"0ag"),
        TRACEPARENT.replace(TRACE.encode(), b"0" * 32),
        TRACEPARENT.replace(b"b7ad6b7169203331", b"0" * 16),
        TRACE.encode(),
    ],
)
def test_an_invalid_traceparent_is_ignored(traceparent: bytes) -> None:
    made = request_id(b"", traceparent)
    assert RANDOM.fullmatch(made)
    assert made != TRACE


@given(own_id=st.binary(max_size=200), traceparent=st.binary(max_size=80))
def test_whatever_a_caller_sends_the_id_has_only_safe_characters(
    own_id: bytes, traceparent: bytes
) -> None:
    assert re.fullmatch("[A-Za-z0-9._-]{1,128}", request_id(own_id, traceparent))


def test_random_ids_differ() -> None:
    assert len({request_id(b"", b"") for _ in range(1000)}) == 1000


@pytest.mark.parametrize("debug", ["on", "off"])
def test_the_id_is_in_the_line_of_a_failed_prediction(tmp_path: Path, debug: str) -> None:
    write_module(tmp_path, "def run(row): return 1 / 0")
    with serving(tmp_path, FLASK_DEBUG=debug, LOG_FORMAT="json", ACCESS_LOG="off") as server:
        server.predict({}, headers={"X-Request-Id": "the-id"})
        lines = eventually(lambda: [it for it in server.log.splitlines() if "division" in it])
        assert all("the-id" in line for line in lines)
