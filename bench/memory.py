"""Measures what four processes that share a model of 150 MB take: `python -m bench.memory`."""

import subprocess
import sys
from dataclasses import replace

import joblib

from bench.load import load
from bench.registry import SERVERS
from bench.running import running
from bench.servers import BENCH
from bench.venvs import prepare

BAR = 1.4
WORKERS = (1, 4)
MODEL = BENCH / "models" / "large.joblib"


def main() -> None:
    """Print the memory of one process and of four, and the ratio; fail where it is too much."""
    prepare({"ours"})
    python = BENCH / ".venvs" / "ours" / "bin" / "python"
    if not MODEL.is_file():
        subprocess.run([python, "-m", "bench.train", "large"], check=True, cwd=BENCH.parent)
    print(f"model: {MODEL.stat().st_size / 2**20:.0f} MiB in its file")
    found = {workers: _measure(workers) for workers in WORKERS}
    ratio = found[4] / found[1]
    print(f"ratio: {ratio:.2f}, bar: at most {BAR}: {'met' if ratio <= BAR else 'missed'}")
    sys.exit(ratio > BAR)


def _measure(workers: int) -> float:
    """Return the memory in MiB after some load, which each process answers its part of."""
    ours = SERVERS["ours-1"]
    server = replace(ours, key=f"ours-{workers}", env={**ours.env, "WORKERS": str(workers)})
    data = joblib.load(BENCH / "models" / "rows.joblib")
    bodies = [server.body(row) for row in data["rows"]]
    with running(server, "large", data["rows"], None) as run:
        load(run.url, bodies, connections=32, seconds=3)
        memory = run.memory_mib()
    print(f"WORKERS={workers}: {memory:.0f} MiB", flush=True)
    return memory


if __name__ == "__main__":
    main()
