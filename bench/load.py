"""Puts load on a server with wrk, which sends each connection's next request after its answer."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.running import BenchError

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """What came of one load; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    worst: float
    requests: int
    errors: int


def load(url: str, bodies: list[object], *, connections: int, seconds: float) -> Load:
    """Post the bodies in turn over some connections for some seconds, from one thread."""
    with tempfile.NamedTemporaryFile("w", prefix="bench-", suffix=".jsonl") as file:
        file.writelines(json.dumps(body) + "\n" for body in bodies)
        file.flush()
        command = ["wrk", "--threads", "1", "--connections", str(connections), "--timeout", "10s"]
        command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(SCRIPT), url]
        command += ["--", file.name]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
    if output.returncode:
        raise BenchError(f"wrk failed: {output.stdout}{output.stderr}")
    report = json.loads(output.stdout.strip().splitlines()[-1])
    good = report["requests"] - report["refused"]
    return Load(
        per_second=good / report["seconds"],
        p50=report["p50"],
        p99=report["p99"],
        worst=report["worst"],
        requests=report["requests"],
        errors=report["refused"] + report["broken"],
    )
