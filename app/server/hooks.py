"""gunicorn's server hooks: what happens when its processes start and exit.

gunicorn.conf.py names them (https://docs.gunicorn.org/en/stable/settings.html#server-hooks).
"""

import logging
import os
import shutil
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from app.config.addresses import listening_addresses, swagger_address
from app.config.settings import Settings
from app.observability import request_ids
from app.observability.traces import exporter_names, start_tracer
from app.server import forks
from app.server.connection_counts import ConnectionCounts, OwnCount
from app.server.load_before_fork import load_before_fork, load_before_fork_in_thread, report_start
from app.server.worker_exits import Phase, SharedPhase, WorkerExits

if TYPE_CHECKING:  # a master process that loads no model needs no memory for Flask
    from app.api.application import Application

_REPLACEMENT_SECONDS = 5  # less than the probes' failure threshold

_settings = Settings.from_environ_or_exit()
_addresses = listening_addresses(_settings)
_log = logging.getLogger("app.server")
_counts = ConnectionCounts(_settings.WORKERS)
_exits = WorkerExits()
forks.install()


def exit_on_signals() -> None:
    """Exit with 0 at a signal that arrives before gunicorn handles signals."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # else gunicorn's handlers are in place
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, _exit)


def on_starting(server: Arbiter) -> None:
    """Load the model before listening, without MULTITHREADED_INIT."""
    _check_addresses()
    _check_exporters()
    if _settings.loads_before_fork and not _settings.MULTITHREADED_INIT:
        load_before_fork(_application(server))


def when_ready(server: Arbiter) -> None:
    """Start to load a model that the workers share; log where the service listens."""
    if _settings.loads_before_fork and _settings.MULTITHREADED_INIT:
        load_before_fork_in_thread(server, _application(server))
    page = swagger_address(_settings)
    _log.info("Listening on %s, Swagger UI at %s", _addresses["FLASK_PORT"], page)
    if "METRICS_PORT" in _addresses:
        _log.info("Metrics at http://%s/metrics", _addresses["METRICS_PORT"])


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Prepare what the master process shares with a worker, and keep signals for it."""
    slot = _counts.free_slot({other.own_count.slot for other in server.WORKERS.values()})
    worker.own_count = OwnCount(_counts, slot)
    worker.phase = SharedPhase()
    forks.expect_worker()


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    """Drop the modules that the master process has imported, so that a reload reads them.

    But not the one whose variable the log, which the master process has set up, reads.
    """
    if _settings.FLASK_DEBUG:
        for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
            if name != request_ids.__name__:
                del sys.modules[name]


def post_worker_init(worker: Worker) -> None:
    """Load the model, or what is left of that after a load before the fork.

    A worker that replaces another accepts no connections meanwhile, for a few seconds at most:
    their clients wait for a response instead of getting a 503.
    """
    app = _application(worker)
    app.tracer = start_tracer(
        _settings.MODEL_NAME or "ml-rest-api", shows_texts=_settings.FLASK_DEBUG
    )
    predictor = app.predictor
    predictor.on_ready = lambda: worker.phase.set(Phase.READY)
    if predictor.loaded_before_fork or not _settings.loads_before_fork:
        predictor.start()
        if worker.age > _settings.WORKERS and not _settings.FLASK_DEBUG:
            predictor.wait_until_loaded(_REPLACEMENT_SECONDS)
    else:
        report_start()


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Let the other workers know that one is gone; end if no worker ever gets ready."""
    worker.own_count.close()
    if _settings.WORKERS > 1:
        # Here, not above: the variable that it reads is not set yet.
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
    others = [other.phase.get() for other in server.WORKERS.values()]
    try:
        _exits.judge(worker.pid, worker.phase.get(), others)
    except SystemExit:
        _remove_metrics()
        raise


def on_exit(_server: Arbiter) -> None:
    """Log that the service has stopped."""
    _clean_up()


def _application(process: Arbiter | Worker) -> "Application":
    app: Application = process.app.wsgi()
    return app


def _clean_up() -> None:
    _remove_metrics()
    _log.info("Stopped")


def _remove_metrics() -> None:
    if _settings.WORKERS > 1:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)


def _check_addresses() -> None:
    """Exit with one line if an address is not available: gunicorn would retry five times."""
    if "GUNICORN_FD" in os.environ:  # inherited from the process that this one replaces
        return
    for name, address in _addresses.items():
        try:
            address.check()
        except OSError as error:
            hint = f"set FLASK_HOST and {name}, or stop the process that listens there"
            sys.exit(f"ml-rest-api: cannot listen on {address}, {error.strerror}: {hint}")


def _check_exporters() -> None:
    """Log why traces are off; the processes that would make them do not."""
    try:
        exporter_names(os.environ)
    except ValueError as error:
        _log.warning("%s", error)


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Exit at a signal during a load, which would take SystemExit for an error of the model."""
    _clean_up()
    os._exit(0)
