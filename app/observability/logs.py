"""Logging: one line per record on standard error, as text or as JSON."""

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
    """Formats a record as a line of text, followed by its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        line = f"{_utc(record)} {record.levelname:<7} {record.getMessage()}"
        if record.exc_info and record.exc_info[0]:
            line += "\n" + self.formatException(record.exc_info)
        return line


class GunicornLogger(Logger):
    """Passes gunicorn's records to the root logger.

    Its informational records only at DEBUG: the service logs its own lines.
    """

    def setup(self, cfg: Config) -> None:
        """Use the levels and handlers of `configure` instead of gunicorn's settings."""
        self.cfg = cfg
        verbose = logging.getLogger().isEnabledFor(logging.DEBUG)
        self.error_log.setLevel(logging.DEBUG if verbose else logging.WARNING)
        self.access_log.setLevel(logging.INFO)
        for logger in (self.error_log, self.access_log):
            logger.propagate = True

    def exception(self, msg: str, *args: object, **kwargs: Any) -> None:
        """Log an error with its traceback; a stalled client only at DEBUG."""
        if "Socket error" in msg:
            self.debug(msg, *args, **kwargs)
        else:
            super().exception(msg, *args, **kwargs)


def configure(settings: Settings) -> None:
    """Log every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.LOG_FORMAT == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.LOG_LEVEL)
    logging.captureWarnings(capture=True)


def _utc(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
