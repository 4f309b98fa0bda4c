"""Starts a server, checks its answers, and stops it; measures its start and its memory."""

import json
import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError

from bench.servers import BENCH, Server

START_SECONDS = 120
SETTLE_SECONDS = 20
STOP_SECONDS = 15


class BenchError(Exception):
    """A server does not do what it is measured for."""


@dataclass
class Running:
    """A server that answers, and rightly."""

    url: str
    process: subprocess.Popen[bytes]
    start_seconds: float

    def memory_mib(self) -> float:
        """Return the memory of all its processes, where shared pages count once."""
        return sum(_pss_kib(pid) for pid in _tree(self.process.pid)) / 1024


@contextmanager
def running(
    server: Server, model: str, rows: list[list[float]], expected: list[float] | None
) -> Iterator[Running]:
    """Start the server with the model; yield it when it answers; stop it afterwards.

    Args:
        server: what to start.
        model: name of the model to serve.
        rows: what to ask it.
        expected: the right answers; None for a server that predicts nothing.

    Raises:
        BenchError: it does not start, or answers wrongly.

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
            _await(process, url, server, rows[0], expected[0] if expected else None)
            seconds = time.monotonic() - start
            _settle(url, server, rows, expected)
            yield Running(url, process, seconds)
        except BenchError as error:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
            raise BenchError(f"{server.key}, {model}: {error}\n{tail}") from None
        finally:
            _stop(process)


def _spawn(server: Server, names: dict[str, Any], log: Path) -> subprocess.Popen[bytes]:
    scripts = BENCH / ".venvs" / server.venv / "bin"
    program, *arguments = [part.format(**names) for part in shlex.split(server.command)]
    environ = {name: value.format(**names) for name, value in server.env.items() if value}
    # Nothing else of this shell: its settings for BLAS or Python are not what is measured.
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


def _await(
    process: subprocess.Popen[bytes],
    url: str,
    server: Server,
    row: list[float],
    expected: float | None,
) -> None:
    """Wait for the first right answer."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"ended with {process.returncode} at its start")
        try:
            _check(_ask(url, server, row), expected, server.tolerance)
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise BenchError(f"no answer within {START_SECONDS} s")


def _settle(
    url: str, server: Server, rows: list[list[float]], expected: list[float] | None
) -> None:
    """Ask for all rows at once until every process is there and every answer is right."""
    deadline = time.monotonic() + SETTLE_SECONDS
    with ThreadPoolExecutor(16) as threads:
        while True:
            try:
                got = list(threads.map(lambda row: _ask(url, server, row), rows * 2))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BenchError(f"still fails: {error}") from error
                time.sleep(0.1)
            else:
                break
    for answer, right in zip(got, expected * 2 if expected else [], strict=bool(expected)):
        _check(answer, right, server.tolerance)


def _ask(url: str, server: Server, row: list[float]) -> float:
    request = urllib.request.Request(
        url,
        data=json.dumps(server.body(row)).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return server.answer(json.load(response))
    except URLError:
        raise
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise BenchError(f"unreadable answer: {error!r}") from error


def _check(answer: float, expected: float | None, tolerance: float) -> None:
    if expected is not None and abs(answer - expected) > tolerance:
        raise BenchError(f"answers {answer!r} instead of {expected!r}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server as an operator would; after a while, what is left of its session."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    for pid in _tree(process.pid):
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


def _tree(root: int) -> list[int]:
    """Return the processes of the session that `root` leads, and their descendants."""
    parents: dict[int, int] = {}
    members = {root}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        if int(fields[3]) == root:
            members.add(pid)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in members} - members
        members |= more
        grown = bool(more)
    return sorted(members & parents.keys())


def _pss_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
