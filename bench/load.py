"""Generate load with wrk, which sends one request at a time on each connection."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.server_process import BenchError

SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Load:
    """The result of one load; latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float
    worst: float
    requests: int
    errors: int


def load(url: str, bodies: list[object], *, connections: int, seconds: float) -> Load:
    """Send the bodies in turn as POST requests, with wrk in one thread."""
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
    successful = report["requests"] - report["error_responses"]
    return Load(
        per_second=successful / report["seconds"],
        p50=report["p50"],
        p99=report["p99"],
        worst=report["worst"],
        requests=report["requests"],
        errors=report["error_responses"] + report["socket_errors"],
    )
