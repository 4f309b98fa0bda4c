"""Start a server, check its predictions and stop it; measure its start time and memory."""

import json
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import URLError

from bench.servers import BENCH, Server

START_TIMEOUT = 120
VERIFY_TIMEOUT = 20
STOP_TIMEOUT = 15

Answer = TypeVar("Answer")


class BenchError(Exception):
    """A server cannot be measured: it does not start, or its predictions are wrong."""


@dataclass
class ServerProcess:
    """A running server that has returned correct predictions."""

    url: str
    process: subprocess.Popen[bytes]
    start_seconds: float

    def cpu_seconds(self) -> float:
        """Return the CPU time that all its processes have taken, kernel included."""
        ticks = sum(_cpu_ticks(pid) for pid in _session_pids(self.process.pid))
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Return the memory of all its processes, with shared pages counted once."""
        return sum(_pss_kib(pid) for pid in _session_pids(self.process.pid)) / 1024


@contextmanager
def run_server(
    server: Server, model: str, rows: list[list[float]], expected: list[float] | None
) -> Iterator[ServerProcess]:
    """Start the server with the model, yield it once it responds, and stop it afterwards.

    Args:
        server: the server to start.
        model: name of the model to serve.
        rows: the rows to send.
        expected: the correct predictions; None for a server that predicts nothing.

    Raises:
        BenchError: it does not start, or a prediction is wrong.

    """
    with tempfile.TemporaryDirectory(prefix="bench-") as tmp:
        ports = _free_ports(3)
        names: dict[str, Any] = {"port": ports[0], "port2": ports[1], "port3": ports[2]}
        names |= {"models": BENCH / "models", "model": model, "tmp": tmp}
        url = f"http://127.0.0.1:{ports[0]}{server.path}"
        log = Path(tmp) / "log"
        start = time.monotonic()
        process = _spawn(server, names, log)
        try:
            _wait_for_response(process, url, server, rows[0], expected[0] if expected else None)
            seconds = time.monotonic() - start
            _verify_predictions(url, server, rows, expected)
            yield ServerProcess(url, process, seconds)
        except BenchError as error:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
            raise BenchError(f"{server.key}, {model}: {error}\n{tail}") from None
        finally:
            _stop(process)


def _spawn(server: Server, names: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
    scripts = BENCH / ".venvs" / server.venv / "bin"
    program, *arguments = [part.format(**names) for part in shlex.split(server.command)]
    environ = {name: value.format(**names) for name, value in server.env.items() if value}
    # Inherit nothing from the shell: its settings for BLAS or Python would change the results.
    environ |= {"PATH": f"{scripts}:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    environ |= {"HOME": str(names["tmp"]), "TMPDIR": str(names["tmp"])}
    with log.open("wb") as output:
        return subprocess.Popen(
            [str(scripts / program), *arguments],
            cwd=BENCH / server.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_for_response(
    process: subprocess.Popen[bytes],
    url: str,
    server: Server,
    row: list[float],
    expected: float | None,
) -> None:
    """Wait for the first response, and check it."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"exited with code {process.returncode} during startup")
        try:
            check(_predict(url, server, row), expected, server.tolerance)
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise BenchError(f"no response within {START_TIMEOUT} s")


def _verify_predictions(
    url: str, server: Server, rows: list[list[float]], expected: list[float] | None
) -> None:
    """Send all rows concurrently until all requests succeed; check the predictions."""
    deadline = time.monotonic() + VERIFY_TIMEOUT
    with ThreadPoolExecutor(16) as threads:
        while True:
            try:
                predictions = list(threads.map(lambda row: _predict(url, server, row), rows * 2))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BenchError(f"requests still fail: {error}") from error
                time.sleep(0.1)
            else:
                break
    for prediction, value in zip(
        predictions, expected * 2 if expected else [], strict=bool(expected)
    ):
        check(prediction, value, server.tolerance)


def _predict(url: str, server: Server, row: list[float]) -> float:
    return send(url, server.body(row), server.parse_response)


def send(url: str, body: object, parse_response: Callable[[Any], Answer]) -> Answer:
    """Post a body as JSON, and return what the response has.

    Raises:
        URLError: the server does not respond, or responds with an error.
        BenchError: the response is not of the server's form.

    """
    request = urllib.request.Request(
        url, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return parse_response(json.load(response))
    except URLError:
        raise
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BenchError(f"invalid response: {error!r}") from error


def check(prediction: float, expected: float | None, tolerance: float) -> None:
    """Compare a prediction with the correct one, if there is one.

    Raises:
        BenchError: the difference exceeds the tolerance.

    """
    if expected is not None and abs(prediction - expected) > tolerance:
        raise BenchError(f"predicts {prediction!r}, expected {expected!r}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Terminate the server with SIGTERM; after a timeout, kill the rest of its session."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_TIMEOUT)
    for pid in _session_pids(process.pid):
        if pid != process.pid or process.poll() is None:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.wait()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def _session_pids(leader: int) -> list[int]:
    """Return the processes in the session of `leader`, and their descendants."""
    parents: dict[int, int] = {}
    members = {leader}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # the process has exited
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        if int(fields[3]) == leader:
            members.add(pid)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return sorted(members & parents.keys())


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # the process has exited
        return 0
    return int(fields[11]) + int(fields[12])


def _pss_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # the process has exited
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
