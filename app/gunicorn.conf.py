"""gunicorn's configuration, from the settings."""

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.config.cpus import thread_pool_env
from app.config.settings import Settings
from app.observability import logs
from app.predictor.predictor import Predictor
from app.server.load_before_fork import load_before_fork, load_before_fork_in_thread

_settings = Settings.from_environ_or_exit()
logs.configure(_settings)
for _name, _threads in thread_pool_env(_settings.WORKERS).items():
    os.environ.setdefault(_name, _threads)
_log = logging.getLogger("app.server")

# Threads beyond those that predictions can hold, so that probes always find one.
_THREADS_FOR_PROBES = 4

_REPLACEMENT_SECONDS = 5  # less than the probes' patience

bind = _settings.bind
workers = _settings.WORKERS
worker_class = "app.server.worker.Worker"
threads = _settings.MAX_PENDING + _THREADS_FOR_PROBES
worker_connections = 500 + threads  # below the usual limit of 1024 open files
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - in memory
keepalive = 75  # seconds, longer than the callers' pools, which would else race a close
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
    # Before prometheus_client is imported, which reads it then.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")


def on_starting(server: Any) -> None:  # noqa: ANN401 - untyped
    """Load the model before the port is open, where that is asked for."""
    _check_address()
    if preload_app and not _settings.MULTITHREADED_INIT:
        load_before_fork(_model(server))


def when_ready(server: Any) -> None:  # noqa: ANN401
    """Load the model that the processes are to share; say where the service listens."""
    if preload_app and _settings.MULTITHREADED_INIT:
        load_before_fork_in_thread(server, _model(server))
    _log.info("Listening on %s, Swagger UI at %s", bind, _settings.swagger_address)


def post_fork(_server: Any, _worker: Any) -> None:  # noqa: ANN401
    """Forget what the master process has imported, where changes are to be seen."""
    if reload:
        for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
            del sys.modules[name]


def post_worker_init(worker: Any) -> None:  # noqa: ANN401
    """Do in this process what is left to do before it is ready.

    One that takes the place of another accepts nothing meanwhile, for a few seconds at most:
    who connects then waits for an answer instead of getting a 503.
    """
    model = _model(worker)
    if model.loaded_before_fork or not preload_app:
        model.start()
        if worker.age > workers and not reload:
            model.wait_until_loaded(_REPLACEMENT_SECONDS)


def on_exit(_server: Any) -> None:  # noqa: ANN401
    """Say that the service has ended."""
    if workers > 1:
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
    _log.info("Stopped")


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401
    """Let no gauge of a process outlive it."""
    if workers > 1:
        from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 - see above

        mark_process_dead(worker.pid)


def _model(process: Any) -> Predictor:  # noqa: ANN401
    model: Predictor = process.app.wsgi().extensions["model"]
    return model


def _check_address() -> None:
    """End with one line where the address cannot be had: gunicorn would try five times."""
    if "GUNICORN_FD" in os.environ:  # it is had already, by the process that this one replaces
        return
    family = socket.AF_INET6 if ":" in _settings.FLASK_HOST else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_settings.FLASK_HOST, _settings.FLASK_PORT))
        except OSError as error:
            mend = "set FLASK_HOST and FLASK_PORT, or stop what listens there"
            sys.exit(f"ml-rest-api: cannot listen on {bind}, {error.strerror}: {mend}")


def _end(_number: int, _frame: Any) -> NoReturn:  # noqa: ANN401
    """End at a signal that comes while the model loads, which would take an exit for a fault."""
    on_exit(None)
    os._exit(0)


if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:  # else gunicorn's are in place
    for _number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(_number, _end)
