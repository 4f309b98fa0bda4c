"""Measures a model in the real service: how it loads, and how it predicts its own sample."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import click
import psutil

from app.api.paths import PREDICT, PREDICT_BATCH
from app.cli.http_client import explain_errors, get_sample
from app.cli.load import Load
from app.cli.server_process import ServerProcess, run_server
from app.codec import JsonValue, encode
from app.config.settings import Settings

_SECONDS = 2  # of each measurement
_MAX_SECONDS = 10  # of a request, and of a round of requests
_MAX_CLIENTS = 256
_IDLE_PERCENT = 20  # of the CPUs: what other processes may use without a warning
_GROWTH = 8  # of the number of rows, from one measurement to the next


@dataclass(frozen=True)
class Measurement:
    """Requests of one kind.

    Attributes:
        rows: of each request.
        clients: that called at the same time.
        latencies: of the requests in seconds, in ascending order.
        rows_per_second: of all clients.
        cpus: that were busy, on average.
        memory: in bytes, the peak.

    """

    rows: int
    clients: int
    latencies: list[float]
    rows_per_second: float
    cpus: float
    memory: int

    @property
    def median(self) -> float:
        """The latency of half of the requests."""
        return median(self.latencies)

    @property
    def p99(self) -> float:
        """The latency that 99 % of the requests did not exceed."""
        return self.latencies[math.ceil(0.99 * len(self.latencies)) - 1]


@dataclass(frozen=True)
class Measured:
    """A model with a number of workers.

    Attributes:
        workers: the setting WORKERS.
        other_percent: of the CPUs, which other processes used before.
        load_seconds: from the start of the process until the model was ready.
        load_memory: in bytes, the peak until then.
        one: requests of one row from one client.
        busy: requests of one row from many clients.
        batches: requests of more and more rows, the last of them from many clients.

    """

    workers: int
    other_percent: float
    load_seconds: float
    load_memory: int
    one: Measurement
    busy: Measurement
    batches: list[Measurement]

    @property
    def memory(self) -> int:
        """The peak in bytes."""
        return max(self.load_memory, *(each.memory for each in self.measurements))

    @property
    def measurements(self) -> list[Measurement]:
        """All measurements of requests."""
        return [self.one, self.busy, *self.batches]


def measure(settings: Settings, workers: int, report: Callable[[str], None]) -> Measured:
    """Measure the model in the service.

    Args:
        settings: as the service will have them.
        workers: the number of worker processes.
        report: told what is measured.

    Raises:
        ClickException: the model does not load or does not predict, or a process has ended.

    """
    environ = {
        "MODEL_DIR": settings.MODEL_DIR,
        "TRAINED_MODEL_MODULE_NAME": settings.TRAINED_MODEL_MODULE_NAME,
        "WORKERS": str(workers),
    }
    other_percent = psutil.cpu_percent(interval=1)
    if other_percent > _IDLE_PERCENT:
        report(f"Other processes use {other_percent:.0f} % of the CPUs: measure on an idle machine")
    report(f"WORKERS={workers}: loading the model")
    with run_server(environ) as server:
        return _Session(server, settings, workers, report).measure(other_percent)


@dataclass(frozen=True)
class _Session:
    """The measurements of one running service."""

    server: ServerProcess
    settings: Settings
    workers: int
    report: Callable[[str], None]

    def measure(self, other_percent: float) -> Measured:
        with self.server.peak_memory() as peak:
            load_seconds = self.server.wait_until_ready()
        sample = self._sample()
        one = self._predict(sample, 1)
        busy = self._predict(sample, self._clients(one.median))
        batches = list(self._predict_batches(sample))
        return Measured(self.workers, other_percent, load_seconds, peak[0], one, busy, batches)

    def _sample(self) -> JsonValue:
        url = f"http://127.0.0.1:{self.server.port}"
        with explain_errors(url):
            if sample := get_sample(url):
                return sample
        raise click.ClickException(
            "The model has no sample(), so there is no row to predict: define it in the module"
        )

    def _predict(self, sample: JsonValue, clients: int) -> Measurement:
        return self._load(PREDICT, sample, 1, clients, _SECONDS)

    def _predict_batches(self, sample: JsonValue) -> Iterator[Measurement]:
        """Let the number of rows grow to the largest request, then send that from many clients."""
        last = None
        for rows in self._batch_sizes(len(encode(sample))):
            if last and last.median * _GROWTH > _MAX_SECONDS:
                break
            body = {"rows": [sample] * rows}
            yield (last := self._load(PREDICT_BATCH, body, rows, 1, _SECONDS / 2))
        if last:
            yield self._load(PREDICT_BATCH, body, last.rows, self._clients(last.median), 0)

    def _batch_sizes(self, row_bytes: int) -> Iterator[int]:
        """Yield growing numbers of rows, up to the most that a request can have."""
        fitting = (self.settings.MAX_CONTENT_LENGTH - len('{"rows":[]}')) // (row_bytes + 1)
        largest = min(self.settings.MAX_ROWS, fitting)
        rows = _GROWTH
        while rows < largest:
            yield rows
            rows *= _GROWTH
        if largest > 1:
            yield largest

    def _clients(self, seconds: float) -> int:
        """Return how many clients call at the same time, each of whose requests takes `seconds`."""
        most = min(self.settings.MAX_PENDING * self.workers, _MAX_CLIENTS)
        return max(1, min(most, int(_MAX_SECONDS / seconds)))

    def _load(
        self, path: str, body: JsonValue, rows: int, clients: int, seconds: float
    ) -> Measurement:
        what = f"{rows} row(s) a request, {clients} at a time"
        self.report(f"WORKERS={self.workers}: {what}")
        load = Load(self.server.port, path, encode(body))
        cpu_seconds = self.server.cpu_seconds()
        try:
            with self.server.peak_memory() as peak:
                load.run(clients, seconds)
        except TimeoutError as error:
            raise click.ClickException(f"With {what}: no response came for two minutes") from error
        except OSError as error:
            self.server.stop()  # the log is complete then
            raise click.ClickException(f"With {what}: {self.server.reason()}") from error
        if not load.latencies:
            raise click.ClickException(f"With {what}, the service answered nothing but 503 or 504")
        return Measurement(
            rows=rows,
            clients=clients,
            latencies=sorted(load.latencies),
            rows_per_second=rows * len(load.latencies) / load.seconds,
            cpus=(self.server.cpu_seconds() - cpu_seconds) / load.seconds,
            memory=peak[0],
        )
