"""gunicorn's worker process, which serves with one event loop.

It builds on gunicorn.workers.base.Worker alone, the base for workers of other packages.
"""

import asyncio
import os
import ssl
import time
from types import FrameType
from typing import NoReturn

import uvloop
from gunicorn.workers import base

from app.server import forks
from app.server.connection_counts import OwnCount
from app.server.worker_exits import Phase, SharedPhase


class Worker(base.Worker):
    """Serves until it is told to end.

    Attributes:
        own_count: shares connections with the other workers; set before the fork.
        phase: what the master process knows of this one; set before the fork.

    """

    own_count: OwnCount
    phase: SharedPhase

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What encrypts connections, by gunicorn's settings `certfile` and `keyfile`."""
        if not self.cfg.is_ssl:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.cfg.certfile, self.cfg.keyfile)
        return context

    def init_signals(self) -> None:
        """Handle signals, also those that came since the fork."""
        super().init_signals()
        forks.unblock_signals()

    def run(self) -> None:
        """Serve until it is told to end."""
        # Here, not above: a master process that loads no model needs no memory for Flask.
        from app.server.serving import Serving  # noqa: PLC0415

        if not hasattr(self.wsgi, "predictor"):  # gunicorn's, for a syntax error in development
            while self.alive:
                time.sleep(0.1)
        else:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(Serving(self).run())
        self.phase.set(Phase.ENDING)

    def handle_quit(self, sig: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG002
        """At SIGINT or SIGQUIT end at once: an orderly exit would wait for threads."""
        self.phase.set(Phase.ENDING)
        os._exit(0)

    def handle_abort(self, sig: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG002
        """At SIGABRT end likewise."""
        os._exit(1)
