"""The scenario "idle": 10 callers with 1000 idle connections beside them, and without."""

import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from statistics import mean
from urllib.parse import urlsplit

from bench.scenario import Service, service
from bench.server_process import BenchError

NAME = "idle"
CALLERS = 10
CONNECTIONS = 1000
_OPEN_FILES = 4096  # of this process, and of the service, which inherits the limit


def measure(seconds: float) -> dict[str, float]:
    """Measure 10 callers alone, with the idle connections, and alone again.

    Returns:
        The predictions per second "alone", as the mean of both times, and "beside" the idle
        connections; how many of them the service had "closed" by the end; the failed requests.

    Raises:
        BenchError: the service does not start, or does not respond on each connection.

    """
    _raise_file_limit()
    with service() as running:
        before = running.load(CALLERS, seconds)
        with _idle_connections(running) as connections:
            beside = running.load(CALLERS, seconds)
            closed = sum(map(_is_closed, connections))
        after = running.load(CALLERS, seconds)
    return {
        "alone": mean((before.per_second, after.per_second)),
        "beside": beside.per_second,
        "closed": closed,
        "errors": before.errors + beside.errors + after.errors,
    }


@contextmanager
def _idle_connections(running: Service) -> Iterator[list[HTTPConnection]]:
    """Open the connections; each has sent one prediction, as those of a proxy's pool have."""
    address = urlsplit(running.url)

    def send(connection: HTTPConnection) -> None:
        headers = {"Content-Type": "application/json"}
        try:
            connection.request("POST", address.path, json.dumps(running.bodies[0]), headers)
            response = connection.getresponse()
            response.read()
        except (OSError, HTTPException) as error:
            raise BenchError(f"no response on a connection: {error!r}") from error
        if response.status != HTTPStatus.OK:
            raise BenchError(f"status {response.status} on a connection")

    with ExitStack() as stack, ThreadPoolExecutor(CALLERS) as pool:
        connections = [
            stack.enter_context(
                closing(HTTPConnection(str(address.hostname), address.port or 80, timeout=10))
            )
            for _ in range(CONNECTIONS)
        ]
        list(pool.map(send, connections))
        yield connections


def _is_closed(connection: HTTPConnection) -> bool:
    if connection.sock is None:  # closed with the response
        return True
    connection.sock.settimeout(0)
    try:
        return not connection.sock.recv(1)
    except BlockingIOError:  # open, with nothing to read
        return False
    except OSError:
        return True


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(_OPEN_FILES, hard), hard))
