"""The number of CPUs that this process may use: in a container, within its CPU limit."""

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
# Each library with a thread pool of its own reads one of them when it is loaded.
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def thread_pool_env(processes: int) -> dict[str, str]:
    """Return environment variables that give each process an equal share of the CPUs.

    Otherwise BLAS and OpenMP start a thread per CPU of the node, which the kernel throttles.
    They read the variables when they are loaded.
    """
    return dict.fromkeys(_POOLS, str(max(1, available_cpus() // processes)))


def available_cpus(cgroups: Path = _CGROUPS) -> int:
    """Return the number of CPUs that this process may use, a part of one rounded up.

    The limit is the CFS quota divided by its period
    (https://docs.kernel.org/admin-guide/cgroup-v2.html, cpu.max; in version 1 two files).
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota, period = _quota(cgroups)
    limit = math.ceil(quota / period) if quota > 0 and period > 0 else math.inf
    return int(max(1, min(usable or 1, limit)))


def _quota(cgroups: Path) -> tuple[int, int]:
    """Return a quota and its period in microseconds; -1 for no quota."""
    try:
        if (file := cgroups / "cpu.max").is_file():
            quota, period = file.read_text().replace("max", "-1").split()
        else:
            quota = (cgroups / "cpu/cpu.cfs_quota_us").read_text()
            period = (cgroups / "cpu/cpu.cfs_period_us").read_text()
        return int(quota), int(period)
    except (OSError, ValueError):
        return -1, 0
