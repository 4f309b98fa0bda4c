"""gunicorn's configuration, from the settings."""

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.api.application import Application
from app.config.cpus import thread_pool_env
from app.config.misspelled import find_misspelled
from app.config.settings import Settings
from app.observability import logs
from app.server.load_before_fork import load_before_fork, load_before_fork_in_thread

_settings = Settings.from_environ_or_exit()
logs.configure(_settings)
for _name, _threads in thread_pool_env(_settings.WORKERS).items():
    os.environ.setdefault(_name, _threads)
_log = logging.getLogger("app.server")
for _name, _setting in find_misspelled(os.environ).items():
    _log.warning("%s is not a setting: did you mean %s?", _name, _setting)

# Threads beyond those that predictions can occupy, so that probes always get one.
_THREADS_FOR_PROBES = 4

_REPLACEMENT_SECONDS = 5  # less than the probes' failure threshold

bind = _settings.bind
workers = _settings.WORKERS
worker_class = "app.server.worker.Worker"
threads = _settings.MAX_PENDING + _THREADS_FOR_PROBES
worker_connections = 500 + threads  # below the usual limit of 1024 open files
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - in memory
keepalive = 75  # seconds; longer than clients keep theirs, or a request could meet the close
graceful_timeout = _settings.GRACEFUL_TIMEOUT
control_socket_disable = True
preload_app = _settings.loads_before_fork
timeout = _settings.WORKER_TIMEOUT
reload = _settings.FLASK_DEBUG
reload_extra_files = [f"{_settings.MODEL_DIR}/*.py"] if reload else []
logger_class = "app.observability.logs.GunicornLogger"
loglevel = _settings.LOG_LEVEL
accesslog = "-" if _settings.LOG_LEVEL == "DEBUG" else None

if workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")

# Only now: the package reads that variable when it is imported.
from prometheus_client.multiprocess import mark_process_dead


def on_starting(server: Arbiter) -> None:
    """Load the model before listening, without MULTITHREADED_INIT."""
    _check_address()
    if preload_app and not _settings.MULTITHREADED_INIT:
        load_before_fork(_application(server))


def when_ready(server: Arbiter) -> None:
    """Start to load a model that the workers share; log where the service listens."""
    if preload_app and _settings.MULTITHREADED_INIT:
        load_before_fork_in_thread(server, _application(server))
    _log.info("Listening on %s, Swagger UI at %s", bind, _settings.swagger_address)


def post_fork(_server: Arbiter, _worker: Worker) -> None:
    """Drop the modules that the master process has imported, so that a reload reads them."""
    if reload:
        for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
            del sys.modules[name]


def post_worker_init(worker: Worker) -> None:
    """Load the model, or what is left of that after a load before the fork.

    A worker that replaces another accepts no connections meanwhile, for a few seconds at most:
    their clients wait for a response instead of getting a 503.
    """
    predictor = _application(worker).predictor
    if predictor.loaded_before_fork or not preload_app:
        predictor.start()
        if worker.age > workers and not reload:
            predictor.wait_until_loaded(_REPLACEMENT_SECONDS)


def on_exit(_server: Arbiter) -> None:
    """Log that the service has stopped."""
    _clean_up()


def child_exit(_server: Arbiter, worker: Worker) -> None:
    """Remove the gauges of a worker that has exited."""
    if workers > 1:
        mark_process_dead(worker.pid)


def _application(process: Arbiter | Worker) -> Application:
    app: Application = process.app.wsgi()
    return app


def _clean_up() -> None:
    if workers > 1:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    _log.info("Stopped")


def _check_address() -> None:
    """Exit with one line if the address is not available: gunicorn would retry five times."""
    if "GUNICORN_FD" in os.environ:  # inherited from the process that this one replaces
        return
    family = socket.AF_INET6 if ":" in _settings.FLASK_HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_settings.FLASK_HOST, _settings.FLASK_PORT))
        except OSError as error:
            hint = "set FLASK_HOST and FLASK_PORT, or stop the process that listens there"
            sys.exit(f"ml-rest-api: cannot listen on {bind}, {error.strerror}: {hint}")


def _exit(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Exit at a signal during a load, which would take SystemExit for an error of the model."""
    _clean_up()
    os._exit(0)


if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # else gunicorn's are in place
    for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(_number, _exit)
