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

from app.predictor.predictor import Model

_log = logging.getLogger(__name__)


def preload(model: Model) -> None:
    """Load the model here, so that processes forked from here have it.

    An OpenMP pool does not survive a fork: the children of a process that has one can hang. So
    an `init()` that predicts does it in one thread.
    """
    with threadpool_limits(1):
        model.preload()


def preload_in_thread(server: Any, model: Model) -> None:  # noqa: ANN401 - untyped
    """Load the model once the workers that answer meanwhile are there; then replace them."""

    def run() -> None:
        # A fork copies the locks that a loading thread holds, so it loads after it.
        while len(server.WORKERS) < server.num_workers:
            time.sleep(0.01)
        preload(model)
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=run, name="model-preload", daemon=True).start()
