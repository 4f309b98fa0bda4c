"""Start this service for a scenario: one process with the model `cheap`."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import joblib

from bench.load import Load, Requests, load
from bench.registry import SERVERS
from bench.server_process import run_server
from bench.servers import BENCH, Server

MODEL = "cheap"
WARM_UP_CALLERS = 32


@dataclass(frozen=True)
class Service:
    """The running service, after a second of load."""

    url: str
    bodies: list[object]

    def load(self, callers: int, seconds: float, *, count_refused: bool = False) -> Load:
        """Send predictions from a number of callers, with the headers of a mesh."""
        requests = Requests(self.url, self.bodies, count_refused=count_refused)
        return load(requests, connections=callers, seconds=seconds)


@contextmanager
def service(**settings: str) -> Iterator[Service]:
    """Start the service with these settings, the others at their defaults; stop it afterwards.

    Raises:
        BenchError: it does not start, or a prediction is wrong.

    """
    data = joblib.load(BENCH / "models" / "rows.joblib")
    server = _server(settings)
    bodies = [server.body(row) for row in data["rows"]]
    with run_server(server, MODEL, data["rows"], data[MODEL].tolist()) as running:
        started = Service(running.url, bodies)
        started.load(WARM_UP_CALLERS, 1)
        yield started


def _server(settings: dict[str, str]) -> Server:
    ours = SERVERS["ours-1"]
    names = [f"{name}={value}" for name, value in settings.items()]
    return replace(ours, key=" ".join([ours.key, *names]), env={**ours.env, **settings})
