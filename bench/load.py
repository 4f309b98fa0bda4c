"""Generate load with wrk, which sends one request at a time on each connection."""

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.server_process import BenchError

SCRIPT = Path(__file__).with_name("load.lua")

# What precedes the bodies: headers as a mesh adds them, with ids that differ in each request, or
# the same head each time. See load.lua.
Head = Literal["mesh", "constant"]
HEADS: tuple[Head, ...] = ("mesh", "constant")


@dataclass(frozen=True)
class Requests:
    """What to send, and where.

    Attributes:
        url: where to send them.
        bodies: the bodies, to be sent as JSON in turn.
        head: the kind of request head.
        count_refused: whether to count the responses with status 503, which makes wrk slower.

    """

    url: str
    bodies: list[object]
    head: Head = "mesh"
    count_refused: bool = False


@dataclass(frozen=True)
class Load:
    """The result of one load; latencies in milliseconds.

    Attributes:
        per_second: successful requests per second.
        errors: responses with a status above 399, broken connections and timeouts.
        refused: the responses with status 503 among the errors, if they were counted.

    """

    per_second: float
    p50: float
    p99: float
    worst: float
    requests: int
    errors: int
    refused: int = 0


def load(requests: Requests, *, connections: int, seconds: float) -> Load:
    """Send the requests as POST for some seconds, with wrk in one thread.

    Raises:
        BenchError: wrk fails.

    """
    with tempfile.NamedTemporaryFile("w", prefix="bench-", suffix=".jsonl") as file:
        file.writelines(json.dumps(body) + "\n" for body in requests.bodies)
        file.flush()
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--timeout", "10s"]
        command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(SCRIPT)]
        command += [requests.url, "--", file.name, str(time.time_ns()), requests.head]
        command += ["count-503"] if requests.count_refused else []
        output = subprocess.run(command, capture_output=True, text=True, check=False)
    if output.returncode:
        raise BenchError(f"wrk failed: {output.stdout}{output.stderr}")
    report = json.loads(output.stdout.strip().splitlines()[-1])
    successful = report["requests"] - report["error_responses"]
    return Load(
        per_second=successful / report["seconds"],
        p50=report["p50"],
        p99=report["p99"],
        worst=report["worst"],
        requests=report["requests"],
        errors=report["error_responses"] + report["socket_errors"],
        refused=report["refused"],
    )
