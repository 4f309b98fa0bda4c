"""The shortcut and the full path give the same responses, compared request by request."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from itertools import combinations, product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.helpers import (
    ECHO,
    GUNICORN,
    PREDICT,
    VALID,
    Server,
    parse_metrics,
    serving,
    write_module,
)
from tests.raw_http import RawConnection, Response, head, post, send_request
from tests.server.shortcut_cases import (
    HEADERS,
    REQUESTS,
    SETTINGS,
    TEXTS,
    VALID_BODY,
    texts_for,
)

FULL_PATH = (*GUNICORN[:-1], "tests.server.path_variants:full_path_only()")
SHORTCUT = (*GUNICORN[:-1], "tests.server.path_variants:shortcut_only()")
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


def outcome(server: Server, sent: bytes) -> tuple[Any, ...]:
    """Return everything that a client can observe, and the changes of the metrics."""
    before = counters(server)
    with RawConnection(server.port, sent) as connection:
        connection.shutdown_write()
        response = connection.read_response()
        if continued := response.status == HTTPStatus.CONTINUE:
            response = connection.read_response()
    headers = [header for header in response.headers.items() if header[0] != "Date"]
    after = counters(server)
    changed = {name: after[name] - before.get(name, 0) for name in after}
    return (
        continued,
        response.version,
        response.status,
        response.body,
        sorted(headers),
        {name: value for name, value in changed.items() if value},
    )


def counters(server: Server) -> dict[tuple[str, ...], float]:
    metrics = parse_metrics(send_request(server, head("GET", "/metrics")).body.decode())
    return {
        name: value
        for name, value in metrics.items()
        if name[0].startswith("ml_rest_api") and "path=/metrics" not in name
        and "sum" not in name[0] and "bucket" not in name[0]
    }  # fmt: skip


class Servers(NamedTuple):
    """One server that has the shortcut and one that does not, with the same settings."""

    settings: str
    shortcut: Server
    full_path: Server


@pytest.fixture(scope="module", params=SETTINGS)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Servers]:
    folders = tmp_path_factory.mktemp("shortcut"), tmp_path_factory.mktemp("full")
    for folder in folders:
        write_module(folder, FAILING)
    settings: dict[str, Any] = {"MAX_CONTENT_LENGTH": "4000", **SETTINGS[request.param]}
    with (
        serving(folders[0], **settings) as shortcut,
        serving(folders[1], command=FULL_PATH, **settings) as full_path,
    ):
        yield Servers(request.param, shortcut, full_path)


@pytest.fixture(scope="module")
def shortcut(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without the full path."""
    folder = tmp_path_factory.mktemp("shortcut")
    write_module(folder, ECHO)
    with serving(folder, command=SHORTCUT, WORKERS="2") as server:
        yield server


def test_the_cases_cover_each_pair_of_settings_headers_and_text() -> None:
    cases = [
        (settings, headers, text)
        for settings in SETTINGS
        for headers in HEADERS
        for text in texts_for(settings, headers)
    ]
    assert len(cases) == len(HEADERS) * len(TEXTS)
    columns = [list(SETTINGS), list(HEADERS), list(TEXTS)]
    for (i, names), (j, others) in combinations(enumerate(columns), 2):
        assert {(case[i], case[j]) for case in cases} == set(product(names, others))


@pytest.mark.parametrize("headers", HEADERS)
def test_the_shortcut_responds_like_the_full_path(servers: Servers, headers: str) -> None:
    for text in texts_for(servers.settings, headers):
        body = TEXTS[text].encode()
        length = f"Content-Length: {len(body)}"
        sent = head("POST", PREDICT, *HEADERS[headers], length) + body
        assert outcome(servers.shortcut, sent) == outcome(servers.full_path, sent), text


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS.keys())
def test_any_request_gets_the_response_of_the_full_path(servers: Servers, sent: bytes) -> None:
    assert outcome(servers.shortcut, sent) == outcome(servers.full_path, sent)


def test_a_row_that_the_model_fails_for_is_tried_once(servers: Servers) -> None:
    error = f"POST {PREDICT}: run() failed: LookupError: no such row"
    for server in (servers.shortcut, servers.full_path):
        logged = server.log.count(error)
        with RawConnection(server.port) as connection:

            def predict(connection: RawConnection = connection, **more: bool) -> Response:
                connection.send(post(json.dumps({**VALID, **more}).encode()))
                return connection.read_response()

            failures = predict(failures=True).json
            assert predict(fails=True).status == 500
            connection.send(post(VALID_BODY).replace(b"/json", b"/row+json"))
            assert connection.read_response().json == VALID
            assert predict(failures=True).json == failures + 1
            assert predict().json == VALID
        assert server.log.count(error) == logged + 1


@pytest.mark.parametrize("pause", [0, 0.1])  # the server waits 0.02 s in a thread
def test_a_valid_prediction_takes_the_shortcut(shortcut: Server, pause: float) -> None:
    """However its bytes are split, and after any earlier request on the connection."""
    sent = post(VALID_BODY)
    for cut in (0, len(sent) - len(VALID_BODY), len(sent) - 5):
        with RawConnection(shortcut.port, sent + sent) as connection:
            for _ in range(2):
                assert connection.read_response().json == VALID
            for _ in range(3):
                time.sleep(pause)
                connection.send(sent[:cut])
                time.sleep(pause)
                connection.send(sent[cut:])
                assert connection.read_response().json == VALID
    assert send_request(shortcut, post(b"{}")).status == 501


def test_a_slow_client_receives_a_long_response_in_full(tmp_path: Path) -> None:
    write_module(tmp_path, "def run(row): return 'x' * row['length']")
    with serving(tmp_path, command=SHORTCUT) as server, RawConnection(server.port) as connection:
        for length in (10, 30_000_000, 10):
            connection.send(post(b'{"length": %d}' % length))
            time.sleep(0.2)
            assert connection.read_response().json == "x" * length


def test_concurrent_callers_get_their_own_responses(shortcut: Server) -> None:
    def call(caller: int) -> None:
        with RawConnection(shortcut.port) as connection:
            for number in range(100):
                row = {**VALID, "int_param": 1000 * caller + number}
                connection.send(post(json.dumps(row).encode()))
                assert connection.read_response().json == row

    with ThreadPoolExecutor(40) as pool:
        list(pool.map(call, range(40)))


@pytest.mark.parametrize("options", ["--access-logfile=-", "--max-requests=100000"])
def test_options_that_need_gunicorns_request_handling_disable_the_shortcut(
    tmp_path: Path, options: str
) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, command=SHORTCUT, GUNICORN_CMD_ARGS=options) as server:
        assert send_request(server, post(VALID_BODY)).status == 501
