"""The scenario "overload": more callers than the service accepts, and probes at the same time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from urllib.parse import urlsplit

from bench.scenario import service

NAME = "overload"
MAX_PENDING = 64
CALLERS = 256
OTHER_CALLERS = (8, 16, 32, 64, 128)
PROBES = ("/api/liveness", "/api/readiness")
_PROBE_INTERVAL = 0.05
_PROBE_TIMEOUT = 1.0  # seconds, the default of Kubernetes


def measure(seconds: float) -> dict[str, float]:
    """Measure 256 callers, after other numbers of callers.

    Returns:
        The predictions per second of the 256 callers as "overloaded", the "best" of all numbers of
        callers and "best_callers", their number; of the 256 callers, the share of responses that
        were "refused" with 503, and as "errors" all others that were no predictions; the "probes"
        sent at the same time, and the milliseconds of the "slowest_probe": a probe that failed
        counts as 1000.

    Raises:
        BenchError: the service does not start.

    """
    with service(MAX_PENDING=str(MAX_PENDING)) as running:
        loads = {
            callers: running.load(callers, seconds, count_refused=True) for callers in OTHER_CALLERS
        }
        with _probes(running.url) as durations:
            overloaded = running.load(CALLERS, seconds, count_refused=True)
    loads[CALLERS] = overloaded
    best_callers = max(loads, key=lambda callers: loads[callers].per_second)
    return {
        "overloaded": overloaded.per_second,
        "best": loads[best_callers].per_second,
        "best_callers": best_callers,
        "refused": overloaded.refused / max(1, overloaded.requests),
        "errors": overloaded.errors - overloaded.refused,
        "probes": len(durations),
        "slowest_probe": 1000 * max(durations),
    }


@contextmanager
def _probes(url: str) -> Iterator[list[float]]:
    """Send probes in a thread, each on a new connection; yield the list of their seconds."""
    address = urlsplit(url)
    durations: list[float] = []
    stop = Event()

    def send() -> None:
        while not stop.wait(_PROBE_INTERVAL):
            path = PROBES[len(durations) % len(PROBES)]
            durations.append(_probe(str(address.hostname), address.port or 80, path))

    thread = Thread(target=send)
    thread.start()
    try:
        yield durations
    finally:
        stop.set()
        thread.join()


def _probe(host: str, port: int, path: str) -> float:
    """Return the seconds until the complete response, or the timeout if it is not a 200."""
    start = time.perf_counter()
    connection = HTTPConnection(host, port, timeout=_PROBE_TIMEOUT)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        failed = response.status != HTTPStatus.OK
    except (OSError, HTTPException):
        failed = True
    finally:
        connection.close()
    return _PROBE_TIMEOUT if failed else time.perf_counter() - start
