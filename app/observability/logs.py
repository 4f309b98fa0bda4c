"""Logging: one line a record to standard error, as text or as JSON."""

import json
import logging
import time
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.config.settings import Settings


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, process, message, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        entry: dict[str, Any] = {
            "time": _utc(record),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Formats a record as a line for people, a traceback after it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        line = f"{_utc(record)} {record.levelname:<7} {record.getMessage()}"
        if record.exc_info and record.exc_info[0]:
            line += "\n" + self.formatException(record.exc_info)
        return line


class GunicornLogger(Logger):
    """Hands gunicorn's records to the root logger.

    Its running commentary is left out above DEBUG: the service has its own lines.
    """

    def setup(self, cfg: Config) -> None:
        """Take the levels and handlers from `configure` instead of gunicorn's settings."""
        self.cfg = cfg
        verbose = logging.getLogger().isEnabledFor(logging.DEBUG)
        self.error_log.setLevel(logging.DEBUG if verbose else logging.WARNING)
        self.access_log.setLevel(logging.INFO)
        for logger in (self.error_log, self.access_log):
            logger.propagate = True

    def exception(self, msg: str, *args: object, **kwargs: Any) -> None:  # noqa: ANN401
        """Log an error with its traceback; a client that stalls is no error of ours."""
        if "Socket error" in msg:
            self.debug(msg, *args, **kwargs)
        else:
            super().exception(msg, *args, **kwargs)


def configure(settings: Settings) -> None:
    """Send every record of LOG_LEVEL and above to standard error, formatted by LOG_FORMAT."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.LOG_FORMAT == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.LOG_LEVEL)
    logging.captureWarnings(capture=True)


def _utc(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
