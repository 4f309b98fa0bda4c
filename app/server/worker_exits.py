"""What the master process does when a worker has ended.

A worker that was never ready would end again, several times a second and for ever: the master
process ends instead, so that Kubernetes sees it, counts it, and restarts the container with a
back-off.
"""

import logging
import mmap
import resource
import sys
from collections.abc import Iterable
from enum import IntEnum

from app.config.memory import ContainerMemory, read_container_memory
from app.observability.termination import write_termination_message

_EXIT_CODE = 3  # as gunicorn ends if a worker fails to boot

_log = logging.getLogger(__name__)


class Phase(IntEnum):
    """What a worker is doing."""

    STARTING = 0
    READY = 1  # or has been
    ENDING = 2  # because it was told to


class SharedPhase:
    """The phase of a worker, in memory that it shares with the master process."""

    def __init__(self) -> None:
        """Begin with STARTING."""
        self._memory = mmap.mmap(-1, 1)

    def get(self) -> Phase:
        """Return the phase."""
        return Phase(self._memory[0])

    def set(self, phase: Phase) -> None:
        """Let the master process know the phase."""
        self._memory[0] = phase


class WorkerExits:
    """Judges the ends of workers."""

    def __init__(self) -> None:
        """Count the out-of-memory kills from now on."""
        self._oom_kills = read_container_memory().oom_kills

    def judge(self, pid: int, phase: Phase, others: Iterable[Phase]) -> None:
        """Log why a worker has ended, if nobody told it to.

        Raises:
            SystemExit: it was never ready, and no other worker is.

        """
        memory = read_container_memory()
        was_killed_for_memory = memory.oom_kills > self._oom_kills
        self._oom_kills = memory.oom_kills
        if phase is Phase.ENDING:
            return
        when = "while it served" if phase is Phase.READY else "before its model was ready"
        if was_killed_for_memory:
            line = f"Worker {pid} was killed {when}: {describe_out_of_memory(memory)}"
        else:
            line = f"Worker {pid} has ended {when}: an earlier line of the log has the reason"
        if phase is Phase.STARTING and Phase.READY not in others:
            _log.critical(line)
            write_termination_message(line)
            sys.exit(_EXIT_CODE)
        _log.error(line)


def describe_out_of_memory(memory: ContainerMemory) -> str:
    """Return what a worker that was killed used, the limit, and the fix."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024  # MiB, the largest worker
    if memory.limit is None:
        return f"the node is out of memory. It used {used} MiB: increase resources.requests.memory"
    limit = memory.limit // 2**20
    return (
        f"out of memory. It used {used} MiB, the container's limit is {limit} MiB: "
        "increase resources.limits.memory"
    )
