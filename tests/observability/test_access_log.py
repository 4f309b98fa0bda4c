import io
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from app.api.paths import PROBES
from app.observability.access_log import Access, AccessLog
from app.observability.logs import LineHandler, TextFormatter
from tests.helpers import ECHO, PREDICT, VALID, serving, write_module

REQUESTS = [(PREDICT, 200), (PREDICT, 400), ("/nowhere", 404), (PREDICT, 503),
            ("/api/liveness", 200), ("/api/readiness", 503), ("/api", 308)]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "wanted"),
    [
        ("off", []),
        ("errors", [(PREDICT, 400), ("/nowhere", 404), (PREDICT, 503)]),
        ("all", REQUESTS),
    ],
)
def test_the_level_says_which_requests_get_a_line(
    level: str, wanted: list[tuple[str, int]]
) -> None:
    log = AccessLog(level, PROBES, lambda _delay, _function: None)
    assert [request for request in REQUESTS if log.wants(*request)] == wanted


class Writes(io.StringIO):
    """Notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)


def test_a_line_is_written_at_once_and_those_that_follow_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Writes()
    handler = LineHandler(stream)
    handler.setFormatter(TextFormatter())
    monkeypatch.setattr(logging.getLogger("app"), "handlers", [handler])
    monkeypatch.setattr(logging.getLogger("app"), "level", logging.INFO)
    later: list[Callable[[], None]] = []
    log = AccessLog("all", PROBES, lambda _delay, function: later.append(function))
    log.write(Access("id-0", "GET", "/api", 308, 0.001, 0))
    assert stream.written.pop().endswith("INFO    GET /api 308 1.0 ms 0 bytes [id-0]\n")
    log.write(Access("id-1", "POST", PREDICT, 200, 0.01234, 17))
    log.write(Access("id-2", "GET", "/", 308, 0.001, 0))
    assert (len(later), stream.written) == (1, [])
    later[0]()
    (text,) = stream.written
    first, second = text.splitlines()
    assert first.endswith("INFO    POST /api/model/predict 200 12.3 ms 17 bytes [id-1]")
    assert second.endswith("INFO    GET / 308 1.0 ms 0 bytes [id-2]")


def test_another_handler_gets_the_lines_too(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("app")
    log.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, "app"):
        AccessLog("all", PROBES, lambda _delay, _function: None).write(
            Access("id-1", "GET", "/", 308, 0.001, 0)
        )
    log.removeHandler(caplog.handler)
    assert "GET / 308 1.0 ms 0 bytes" in caplog.messages


@pytest.mark.parametrize("level", ["off", "errors", "all"])
def test_the_server_logs_the_requests_that_the_setting_names(tmp_path: Path, level: str) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, ACCESS_LOG=level) as server:
        server.predict(VALID, headers={"X-Request-Id": "valid"})
        server.predict({"secret": 1}, headers={"X-Request-Id": "invalid"})
        server.get("/nowhere?secret=1", headers={"X-Request-Id": "unknown"})
        server.get("/api/liveness", headers={"X-Request-Id": "probe"})
        assert server.terminate() == 0
        lines = server.log.splitlines()
    expected = {
        "off": set(),
        "errors": {"invalid", "unknown"},
        "all": {"valid", "invalid", "unknown", "probe"},
    }[level]
    logged = {name: [line for line in lines if line.endswith(f"[{name}]")] for name in expected}
    assert all(len(found) == 1 for found in logged.values())
    sent = {"valid", "invalid", "unknown", "probe"}
    assert not [line for line in lines for name in sent - expected if f"[{name}]" in line]
    assert "secret" not in "".join(lines)
    if "unknown" in expected:
        assert " INFO    GET /nowhere 404 " in logged["unknown"][0]


def test_a_path_cannot_forge_a_line(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, ACCESS_LOG="all") as server:
        server.get("/api/x%0AERROR%20forged")
        assert server.terminate() == 0
        assert "GET /api/x%0AERROR%20forged 404 " in server.log
        assert "\nERROR" not in server.log
