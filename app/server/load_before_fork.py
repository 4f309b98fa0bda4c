"""Loads one model for several processes, which share its memory copy-on-write.

gunicorn's master process loads it in a thread. Meanwhile workers that were forked before answer
liveness; afterwards they are replaced by workers forked from the loaded master.
"""

import contextlib
import os
import signal
import threading
from typing import TYPE_CHECKING

from gunicorn.arbiter import Arbiter
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:  # see hooks.py
    from app.api.application import Application


def load_before_fork(app: "Application") -> None:
    """Load the model in this process, for the processes forked from it.

    With one thread: an OpenMP pool does not survive a fork, and the children of a process that
    has one, because its `init()` predicts, can hang.
    """
    with threadpool_limits(1):
        app.predictor.load_before_fork()


def load_before_fork_in_thread(server: Arbiter, app: "Application") -> None:
    """Load the model once the workers that answer meanwhile have started; then replace them."""

    def run() -> None:
        # Not earlier: a fork copies the locks that a loading thread holds, and a worker that has
        # no signal handlers yet does not end.
        for _ in range(server.num_workers):
            os.read(_started, 1)
        load_before_fork(app)
        old = list(server.WORKERS)
        os.kill(os.getpid(), signal.SIGHUP)
        # At once, not when the new workers have started: beside one that is ready, an old one
        # would answer 503.
        for pid in old:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    threading.Thread(target=run, name="load-before-fork", daemon=True).start()


def report_start() -> None:
    """Tell the master process that this worker handles signals."""
    os.write(_report, b".")


_started, _report = os.pipe()
