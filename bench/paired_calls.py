"""Requests to a server and the model's own batch calls in turn, so that both meet the same speed.

`python -m bench.paired_calls MODEL` is the process that does so. For each line of its input, JSON
with the arguments of `PairedCalls.measure`, it prints the durations as JSON.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from itertools import cycle
from statistics import median
from typing import Any
from urllib.parse import SplitResult, urlsplit

import joblib

from app.codec import decode
from app.config.cpus import thread_pool_env
from app.predictor.model_thread import without_joblib_pools
from bench.server_process import BenchError
from bench.servers import BENCH, FEATURES

# As from a mesh, see load.lua.
_HEAD = """\
POST {path} HTTP/1.1
Host: {host}
Content-Type: application/json
Content-Length: {length}
X-Forwarded-For: 10.244.1.7
X-Forwarded-Proto: https
X-Forwarded-Host: models.example.com
X-Envoy-Attempt-Count: 1
X-Request-Id: {request_id}
traceparent: 00-{trace_id}-{parent_id}-01

"""
_READ_BYTES = 2**18
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Durations:
    """The medians of some seconds of calls in turn.

    Attributes:
        request_ms: of a request, from its first byte sent to the last byte received.
        model_ms: of the model's `run_batch()`.
        ratio: of a request to the call of the model that follows it.

    """

    request_ms: float
    model_ms: float
    ratio: float


@dataclass(frozen=True)
class PairedCalls:
    """The process, which has the model in it."""

    process: subprocess.Popen[str]

    def measure(self, url: str, bodies: list[object], seconds: float) -> Durations:
        """Send the bodies as JSON, one on the other, with a call of the model after each.

        Raises:
            BenchError: a request or a call fails.

        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        arguments = {"url": url, "bodies": bodies, "seconds": seconds}
        try:
            self.process.stdin.write(json.dumps(arguments) + "\n")
            return Durations(**json.loads(self.process.stdout.readline()))
        except (OSError, ValueError) as error:
            raise BenchError("a request or a call of the model failed, see above") from error


@contextmanager
def paired_calls(model: str) -> Iterator[PairedCalls]:
    """Start the process, with thread pools of the same sizes as in one process of the service."""
    python = BENCH / ".venvs" / "ours" / "bin" / "python"
    with subprocess.Popen(
        [python, "-m", "bench.paired_calls", model],
        cwd=BENCH.parent,
        env={"LANG": "C.UTF-8", **thread_pool_env(1)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        yield PairedCalls(process)  # it ends at the end of its input


def main() -> None:
    """Answer each line."""
    sys.path.insert(0, str(BENCH / "models"))
    module = import_module(sys.argv[1])
    module.init()
    batches = joblib.load(BENCH / "models" / "batches.joblib")["batches"]
    texts = [
        json.dumps([dict(zip(FEATURES, row, strict=True)) for row in batch]).encode()
        for batch in batches
    ]
    with without_joblib_pools():  # as in the service
        for line in sys.stdin:
            try:
                durations = _measure(module, texts, **json.loads(line))
            except (BenchError, OSError) as error:
                sys.exit(f"request failed: {error}")
            print(json.dumps(asdict(durations)), flush=True)


def _measure(
    module: Any,  # noqa: ANN401 - a module
    texts: list[bytes],
    url: str,
    bodies: list[object],
    seconds: float,
) -> Durations:
    address = urlsplit(url)
    contents = [json.dumps(body).encode() for body in bodies]
    pairs = []
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        end = time.perf_counter() + seconds
        for content, text in zip(cycle(contents), cycle(texts), strict=False):
            if time.perf_counter() > end:
                break
            request = _request(address, content)
            pairs.append((_send(connection, request), _run(module, text)))
    durations, model_durations = zip(*pairs, strict=True)
    return Durations(
        1000 * median(durations),
        1000 * median(model_durations),
        median(duration / model_duration for duration, model_duration in pairs),
    )


def _request(address: SplitResult, content: bytes) -> bytes:
    head = _HEAD.format(
        path=address.path,
        host=address.netloc,
        length=len(content),
        request_id=uuid.uuid4(),
        trace_id=os.urandom(16).hex(),
        parent_id=os.urandom(8).hex(),
    )
    return head.replace("\n", "\r\n").encode() + content


def _send(connection: socket.socket, request: bytes) -> float:
    start = time.perf_counter()
    connection.sendall(request)
    received = connection.recv(_READ_BYTES)
    head, _, content = received.partition(b"\r\n\r\n")
    length = _CONTENT_LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200 ") or not length:
        raise BenchError(f"invalid response: {received[:200]!r}")
    missing = int(length[1]) - len(content)
    while missing > 0:
        part = connection.recv(_READ_BYTES)
        if not part:
            raise BenchError("closes the connection within a response")
        missing -= len(part)
    return time.perf_counter() - start


def _run(module: Any, text: bytes) -> float:  # noqa: ANN401 - a module
    rows = decode(text)  # as those of a request: just parsed
    start = time.perf_counter()
    module.run_batch(rows)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
