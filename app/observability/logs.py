"""Logging: one line per record on standard error, as text or as JSON.

A record that is written for a request carries its id; one for a batch carries those of all.
"""

import json
import logging
import time
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.config.settings import Settings
from app.errors import ServiceError
from app.observability.request_ids import current_request_ids

# The service's own loggers, which a model's logging configuration must not silence.
_SERVICE = ("app", "gunicorn", "py.warnings")


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object: time, level, logger, process, message, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line of JSON."""
        entry: dict[str, Any] = {
            "time": utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if ids := current_request_ids.get():
            entry["request_id"] = ids[0] if len(ids) == 1 else ids
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class TextFormatter(logging.Formatter):
    """Formats a record as a line of text, followed by its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        line = f"{utc(record.created)} {record.levelname:<7} {record.getMessage()}"
        if ids := current_request_ids.get():
            line += f" [{', '.join(ids)}]"
        if record.exc_info and record.exc_info[0]:
            line += "\n" + self.formatException(record.exc_info)
        return line


class GunicornLogger(Logger):
    """Leaves gunicorn's records to the handlers of `configure`.

    Its informational records only at DEBUG: the service logs its own lines.
    """

    def setup(self, cfg: Config) -> None:
        """Use the levels and handlers of `configure` instead of gunicorn's settings."""
        self.cfg = cfg
        verbose = logging.getLogger().isEnabledFor(logging.DEBUG)
        self.error_log.setLevel(logging.DEBUG if verbose else logging.WARNING)
        self.error_log.propagate = True


def configure(settings: Settings) -> None:
    """Log every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if settings.LOG_FORMAT == "json" else TextFormatter())
    for name in (None, *_SERVICE):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(settings.LOG_LEVEL)
        logger.propagate = False
    logging.captureWarnings(capture=True)


def keep_service_loggers() -> None:
    """Enable the service's loggers again, after the model's code has run.

    logging.config.dictConfig() and fileConfig() disable every logger that they do not name.
    """
    for name, logger in list(logging.root.manager.loggerDict.items()):
        is_ours = name in _SERVICE or name.partition(".")[0] in _SERVICE
        if isinstance(logger, logging.Logger) and is_ours:
            logger.disabled = False


def log_failure(logger: logging.Logger, message: str, error: ServiceError) -> None:
    """Log an error with the traceback of its cause.

    The cause is the user's: where it cannot be formatted, there is no traceback.
    """
    try:
        logger.error(message, error, exc_info=error.__cause__)
    except BaseException:  # noqa: BLE001 - of the user's code
        logger.error(message, error)  # noqa: TRY400 - its traceback is what failed


def utc(seconds: float) -> str:
    """Return a time since the epoch as in RFC 3339, in UTC, to the millisecond."""
    whole = int(seconds)
    text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{int((seconds - whole) * 1000):03d}Z"
