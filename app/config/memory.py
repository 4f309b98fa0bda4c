"""The memory of the container: its limit, and how often the kernel has killed a process for it."""

import re
from dataclasses import dataclass
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MAX_LIMIT = 2**60  # version 1 has no word for "no limit", but a number that no machine has


@dataclass(frozen=True)
class ContainerMemory:
    """The memory of the container.

    Attributes:
        oom_kills: processes that the kernel has killed because the limit was reached.
        limit: in bytes; None without a limit, or outside a container.

    """

    oom_kills: int
    limit: int | None


def read_container_memory(cgroups: Path = _CGROUPS) -> ContainerMemory:
    """Read the files of the container's cgroup.

    Version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html, memory.events and memory.max;
    version 1: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
    """
    if (cgroups / "memory.events").is_file():
        kills, limit = cgroups / "memory.events", cgroups / "memory.max"
    else:
        kills = cgroups / "memory" / "memory.oom_control"
        limit = cgroups / "memory" / "memory.limit_in_bytes"
    return ContainerMemory(_number("oom_kill ([0-9]+)", kills) or 0, _limit(limit))


def _limit(file: Path) -> int | None:
    limit = _number("([0-9]+)", file)
    return limit if limit is not None and limit < _MAX_LIMIT else None


def _number(line: str, file: Path) -> int | None:
    """Return the number in the line of a file that matches; None without one."""
    try:
        match = re.search(f"^{line}$", file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match[1]) if match else None
