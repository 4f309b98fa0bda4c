"""Measure the memory of four processes that share a 150 MB model: `python -m bench.memory`."""

import subprocess
import sys
from dataclasses import replace

import joblib

from bench.load import Requests, load
from bench.registry import SERVERS
from bench.server_process import run_server
from bench.servers import BENCH
from bench.venvs import prepare

MAX_RATIO = 1.4
WORKERS = (1, 4)
MODEL = BENCH / "models" / "large.joblib"


def main() -> None:
    """Print the memory of one process, of four, and the ratio; fail if it exceeds the target."""
    prepare({"ours"})
    python = BENCH / ".venvs" / "ours" / "bin" / "python"
    if not MODEL.is_file():
        subprocess.run([python, "-m", "bench.train", "large"], check=True, cwd=BENCH.parent)
    print(f"model: {MODEL.stat().st_size / 2**20:.0f} MiB on disk")
    measured = {workers: _measure(workers) for workers in WORKERS}
    ratio = measured[4] / measured[1]
    result = "met" if ratio <= MAX_RATIO else "missed"
    print(f"ratio: {ratio:.2f}, target: at most {MAX_RATIO}: {result}")
    sys.exit(ratio > MAX_RATIO)


def _measure(workers: int) -> float:
    """Return the memory in MiB after some load, of which each process handles a part."""
    ours = SERVERS["ours-1"]
    server = replace(ours, key=f"ours-{workers}", env={**ours.env, "WORKERS": str(workers)})
    data = joblib.load(BENCH / "models" / "rows.joblib")
    bodies = [server.body(row) for row in data["rows"]]
    with run_server(server, "large", data["rows"], None) as running:
        load(Requests(running.url, bodies), connections=32, seconds=3)
        memory = running.memory_mib()
    print(f"WORKERS={workers}: {memory:.0f} MiB", flush=True)
    return memory


if __name__ == "__main__":
    main()
