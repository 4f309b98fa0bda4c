"""Logging: one line per record on standard error, as text or as JSON.

A record that is written for a request carries its id; one for a batch carries those of all.
"""

import contextlib
import json
import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TextIO

import orjson
from gunicorn.config import Config
from gunicorn.glogging import Logger

from app.config.settings import Settings
from app.errors import ServiceError
from app.observability.request_ids import current_request_ids
from app.observability.tracebacks import cut_tracebacks

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
        if ids := _request_ids(record):
            entry["request_id"] = ids[0] if len(ids) == 1 else ids
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = self.formatException(record.exc_info)
        try:
            return orjson.dumps(entry).decode()
        except orjson.JSONEncodeError:  # a lone surrogate, which UTF-8 does not have
            return json.dumps(entry)


class TextFormatter(logging.Formatter):
    """Formats a record as a line of text, followed by its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        line = f"{utc(record.created)} {record.levelname:<7} {record.getMessage()}"
        if ids := _request_ids(record):
            line += f" [{', '.join(ids)}]"
        if record.exc_info and record.exc_info[0]:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _request_ids(record: logging.LogRecord) -> tuple[str, ...]:
    ids: tuple[str, ...] = getattr(record, "request_ids", None) or current_request_ids.get()
    return ids


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes records to standard error, many of them at once where they come together."""

    def emit_together(self, records: Sequence[logging.LogRecord]) -> None:
        """Write records; in each write of its own another thread could take Python's lock."""
        with self.lock or contextlib.nullcontext():
            try:
                self.stream.write("".join([self.format(r) + self.terminator for r in records]))
                self.flush()
            except Exception:  # noqa: BLE001 - as in every handler of logging
                self.handleError(records[0])


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
    handler = LineHandler()
    handler.setFormatter(JsonFormatter() if settings.LOG_FORMAT == "json" else TextFormatter())
    for name in (None, *_SERVICE):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(settings.LOG_LEVEL)
        logger.propagate = False
    logging.captureWarnings(capture=True)


def handle_together(logger: logging.Logger, records: Sequence[logging.LogRecord]) -> None:
    """Log records of one level, each of them to the handlers of `configure`."""
    if logger.isEnabledFor(records[0].levelno):
        for handler in logging.getLogger(_SERVICE[0]).handlers:
            if isinstance(handler, LineHandler):
                handler.emit_together(records)
            else:  # of a model that configures the service's loggers
                for record in records:
                    handler.handle(record)


def keep_service_loggers() -> None:
    """Enable the service's loggers again, after the model's code has run.

    logging.config.dictConfig() and fileConfig() disable every logger that they do not name.
    """
    for name, logger in list(logging.root.manager.loggerDict.items()):
        is_ours = name in _SERVICE or name.partition(".")[0] in _SERVICE
        if isinstance(logger, logging.Logger) and is_ours:
            logger.disabled = False


def log_failure(
    logger: logging.Logger,
    message: str,
    error: ServiceError,
    folder: Path | None = None,
    level: int = logging.ERROR,
) -> None:
    """Log an error with the traceback of its cause.

    The cause is the user's: where it cannot be formatted, there is no traceback.

    Args:
        logger: logs it.
        message: has one %s, for the error.
        error: what to log.
        folder: the model folder, to which the traceback is cut; without it, it is whole.
        level: of the record.

    """
    try:
        if folder is not None and error.__cause__ is not None:
            cut_tracebacks(error.__cause__, folder.resolve())
        logger.log(level, message, error, exc_info=error.__cause__)
    except BaseException:  # noqa: BLE001 - of the user's code
        logger.log(level, message, error)  # its traceback is what failed


def utc(seconds: float) -> str:
    """Return a time since the epoch as in RFC 3339, in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{_to_the_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@lru_cache(2)
def _to_the_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
