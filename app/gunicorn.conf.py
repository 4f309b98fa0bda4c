"""gunicorn's configuration, from the settings."""

import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app import logs
from app.settings import Settings

_settings = Settings.from_environ_or_exit()
logs.configure(_settings)
_log = logging.getLogger("app.server")

# Threads beyond those that predictions can hold, so that probes always find one.
_THREADS_FOR_PROBES = 4

bind = _settings.bind
workers = _settings.WORKERS
worker_class = "app.worker.Worker"
threads = _settings.MAX_PENDING + _THREADS_FOR_PROBES
worker_connections = 1000 + threads
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - in memory
keepalive = 75  # seconds, longer than the callers' pools, which would else race a close
graceful_timeout = _settings.GRACEFUL_TIMEOUT
control_socket_disable = True
# Loaded before the port is open, unless changes are to be seen.
preload_app = not _settings.MULTITHREADED_INIT and not _settings.FLASK_DEBUG
reload = _settings.FLASK_DEBUG
reload_extra_files = [f"{_settings.MODEL_DIR}/*"]
logger_class = "app.logs.GunicornLogger"
loglevel = _settings.LOG_LEVEL
accesslog = "-" if _settings.LOG_LEVEL == "DEBUG" else None

if workers > 1:  # before prometheus_client is imported, which reads it then
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")


def when_ready(_server: Any) -> None:  # noqa: ANN401 - untyped
    """Say where the service listens."""
    _log.info("Listening on %s, Swagger UI at %s", bind, _settings.swagger_address)


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
