"""Fetch the model before the service starts: `python -m app.fetch` in an init container.

MODEL_URI (http, https, s3, gs, file:// or an absolute path) is downloaded into MODEL_TARGET,
verified against MODEL_SHA256, unpacked if it is a tar or zip, and moved into place only when
all of it is valid; entries with the same name are replaced. An error ends in exit code 1 and
one line on stderr, which is also the container's termination message.
"""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from app.errors import ServiceError
from app.fetch.config import FetchConfig
from app.fetch.fetch import SIGNALS, fetch, without_secrets
from app.observability.termination import PATH, write_termination_message


def main() -> int:
    """Fetch what the environment names; return the exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        fetch(FetchConfig.from_environ())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a traceback would hide the line
        line = _explain(error, os.environ.get("MODEL_URI", "").strip())
        sys.stderr.write(f"{line}\n")
        write_termination_message(line, Path(os.environ.get("TERMINATION_LOG", PATH)))
        return 1
    return 0


def _stop(number: int, _frame: object) -> NoReturn:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # nothing may interrupt the cleanup
    raise SystemExit(f"Fetch stopped by {signal.Signals(number).name}")


def _explain(error: Exception | SystemExit, uri: str) -> str:
    """Return the one line that says what is wrong, without secrets and control characters."""
    if isinstance(error, SystemExit):
        return str(error)
    reason = str(error)
    if isinstance(error, OSError):
        reason = f"{error.strerror or error}: {error.filename or 'MODEL_TARGET'}"
    elif not isinstance(error, ServiceError):
        reason = f"{type(error).__name__}: {error}"
    safe_uri = without_secrets(uri)
    line = f"Cannot fetch the model {safe_uri}: {reason}"
    if uri:
        line = line.replace(uri, safe_uri)
    return "".join(char if char.isprintable() else " " for char in line)


if __name__ == "__main__":
    # Not sys.exit(): obstore's threads must not outlive the interpreter.
    os._exit(main())
