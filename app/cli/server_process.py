"""The real service as a child process, and the memory and CPU time that it takes."""

import contextlib
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from typing import IO

import click
import psutil

import app

COMMAND = (
    *(sys.executable, "-m", "gunicorn", "--config"),
    *(str(Path(app.__file__).with_name("gunicorn.conf.py")), "app.wsgi:app"),
)
_POLL_SECONDS = 0.05
_SAMPLE_SECONDS = 0.2  # a sample takes some milliseconds, which the 99th percentile shall not have
_STOP_SECONDS = 5


class ServerProcess:
    """A running service: gunicorn's master process and all processes below it.

    Attributes:
        port: on which it listens, on the loopback interface.

    """

    def __init__(self, process: psutil.Popen, port: int, log: IO[bytes]) -> None:
        """Observe the service, which writes its log as JSON."""
        self.port = port
        self._process = process
        self._log = log

    def wait_until_ready(self) -> float:
        """Wait until the model is ready, and return the seconds since the start of the process.

        Raises:
            ClickException: the service has ended instead.

        """
        while not self._is_ready():
            if self._process.poll() is not None:
                raise click.ClickException(self.reason())
            time.sleep(_POLL_SECONDS)
        return time.time() - self._process.create_time()

    def memory(self) -> int:
        """Return the bytes of all processes; what they share counts once, as in a cgroup.

        Not their proportional set sizes: those leave out what processes outside share with them,
        such as the libraries of another service.
        """
        sizes = [_memory(process) for process in self._processes()]
        return sum(own for own, _ in sizes) + max((shared for _, shared in sizes), default=0)

    def cpu_seconds(self) -> float:
        """Return the CPU time of all processes so far."""
        return sum(map(_cpu_seconds, self._processes()))

    @contextlib.contextmanager
    def peak_memory(self) -> Iterator[list[int]]:
        """Observe the memory during the block; at its end, the list has the peak in bytes."""
        peak, is_over = [self.memory()], threading.Event()

        def observe() -> None:
            while not is_over.wait(_SAMPLE_SECONDS):
                peak[0] = max(peak[0], self.memory())
            peak[0] = max(peak[0], self.memory())

        observer = threading.Thread(target=observe)
        observer.start()
        try:
            yield peak
        finally:
            is_over.set()
            observer.join()

    def reason(self) -> str:
        """Return in one line why a process of the service has ended, as its log tells."""
        self._log.seek(0)
        errors = [line for line in map(_error, self._log) if line]
        reasons = [line for line in errors if "earlier line of the log" not in line]
        return (reasons or [_UNKNOWN_REASON])[-1]

    def stop(self) -> None:
        """Stop the service."""
        processes = self._processes()
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.terminate()
        _, alive = psutil.wait_procs(processes, _STOP_SECONDS)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError):
            connection.request("GET", "/api/readiness")
            return connection.getresponse().status == HTTPStatus.OK
        return False

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


@contextlib.contextmanager
def run_server(settings: Mapping[str, str]) -> Iterator[ServerProcess]:
    """Run the service on a free port of the loopback interface, and stop it after the block.

    Args:
        settings: those that differ from this process's environment variables.

    """
    port = _free_port()
    environ = {
        **os.environ,
        "FLASK_HOST": "127.0.0.1",
        "METRICS_PORT": "0",
        "FLASK_PORT": str(port),
        "FLASK_DEBUG": "False",
        "LOG_FORMAT": "json",
        "EXIT_AFTER_FAILED_LOAD": "True",
        **settings,
    }
    with tempfile.TemporaryFile() as log:
        server = ServerProcess(
            psutil.Popen(COMMAND, env=environ, stdout=log, stderr=log), port, log
        )
        try:
            yield server
        finally:
            server.stop()


_UNKNOWN_REASON = (
    "A process of the service has ended: the model ends it, or this machine has too little memory"
)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _memory(process: psutil.Process) -> tuple[int, int]:
    """Return the bytes that a process has of its own, and those that it shares."""
    try:
        info = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0, 0
    return info.uss, info.rss - info.uss


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0
    return float(times.user + times.system)


def _error(line: bytes) -> str:
    """Return the message of a line of the log if it is an error of the service, else nothing."""
    try:
        entry = json.loads(line)
        is_error = entry["level"] in ("ERROR", "CRITICAL") and entry["logger"].startswith("app.")
    except (ValueError, KeyError, TypeError):  # whatever the model prints
        return ""
    return str(entry["message"]) if is_error else ""
