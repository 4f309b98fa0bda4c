"""Loads one model for several processes, which share its memory copy-on-write.

gunicorn's master process loads it in a thread. Meanwhile there are workers, forked before, that
answer for liveness; afterwards they are replaced by workers forked from the loaded master.
"""

import logging
import os
import signal
import threading
import time
from typing import Any

from threadpoolctl import threadpool_limits

from app.predictor.predictor import Predictor

_log = logging.getLogger(__name__)


def load_before_fork(model: Predictor) -> None:
    """Load the model here, so that processes forked from here have it.

    An OpenMP pool does not survive a fork: the children of a process that has one can hang. So
    an `init()` that predicts does it in one thread.
    """
    with threadpool_limits(1):
        model.load_before_fork()


def load_before_fork_in_thread(server: Any, model: Predictor) -> None:  # noqa: ANN401 - untyped
    """Load the model once the workers that answer meanwhile are there; then replace them."""

    def run() -> None:
        # A fork copies the locks that a loading thread holds, so it loads after it.
        while len(server.WORKERS) < server.num_workers:
            time.sleep(0.01)
        load_before_fork(model)
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=run, name="load-before-fork", daemon=True).start()
