"""The machine and the commit of a measurement."""

import os
import platform
import subprocess
from pathlib import Path

from bench.servers import BENCH


def machine() -> str:
    """Return the processor, the number of cores, the memory and the kernel."""
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")), platform.machine(),
    )  # fmt: skip
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    kernel = f"{platform.system()} {platform.release().partition('-')[0]}"
    return f"{cpu}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {kernel}"


def commit() -> str:
    """Return the commit, which is followed by `-dirty` if files have changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude", "*"]
    run = subprocess.run(command, cwd=BENCH, capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"
