"""gunicorn's configuration, from the settings; server/hooks.py has its hooks."""

import glob
import logging
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.config.addresses import listening_addresses
from app.config.cpus import thread_pool_env
from app.config.misspelled import find_misspelled
from app.config.settings import Settings
from app.observability import logs
from app.server import hooks

_settings = Settings.from_environ_or_exit()
logs.configure(_settings)
for _name, _threads in thread_pool_env(_settings.WORKERS).items():
    os.environ.setdefault(_name, _threads)
for _name, _setting in find_misspelled(os.environ).items():
    logging.getLogger("app.config").warning(
        "%s is not a setting: did you mean %s?", _name, _setting
    )

bind = [str(address) for address in listening_addresses(_settings).values()]
workers = _settings.WORKERS
worker_class = "app.server.worker.Worker"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - in memory
# A worker ends by itself after GRACEFUL_TIMEOUT; gunicorn kills one that does not.
graceful_timeout = _settings.GRACEFUL_TIMEOUT + 2
control_socket_disable = True
preload_app = _settings.loads_before_fork
timeout = 0  # the worker itself finds that its model hangs, and answers first
reload = _settings.FLASK_DEBUG
# All but bytecode, and the folders with it: files like _a.txt are in the second pattern alone.
_patterns = ("[!_]*[!c]", "*.*[!c]")
reload_extra_files = [f"{glob.escape(_settings.MODEL_DIR)}/**/{it}" for it in _patterns if reload]
logger_class = "app.observability.logs.GunicornLogger"
loglevel = _settings.LOG_LEVEL

if workers > 1 and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    # Before prometheus_client is imported, which reads it.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="metrics-")

on_starting = hooks.on_starting
when_ready = hooks.when_ready
pre_fork = hooks.pre_fork
post_fork = hooks.post_fork
post_worker_init = hooks.post_worker_init
child_exit = hooks.child_exit
on_exit = hooks.on_exit
hooks.exit_on_signals()
