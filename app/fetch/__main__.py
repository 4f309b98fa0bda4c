"""Fetch the model before the service starts: `python -m app.fetch` in an init container.

MODEL_URI (http, https, s3, gs, file:// or an absolute path) is downloaded into MODEL_TARGET,
checked against MODEL_SHA256, unpacked if it is a tar or zip, and moved into place only when
all of it is good; what has the same name there is replaced. A fault ends in exit code 1 and
one line on stderr, which is also the container's termination message.
"""

import contextlib
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self

from app.fetch.download import DownloadSink, FetchError, TransientError, download, name_of
from app.fetch.unpack import RESERVED, ArchiveError, Limits, archive_kind, unpack
from app.observability.termination import PATH, write_termination_message

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LONGEST_PAUSE = 60
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Config:
    """What the environment says: MODEL_* and FETCH_*."""

    uri: str
    sha256: str
    target: Path
    retries: int
    retry_seconds: int  # the first pause; each further one is twice as long
    timeout: int  # seconds without a byte that end an attempt
    limits: Limits

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the variables.

        Raises:
            FetchError: one is missing or does not parse.

        """
        uri = environ.get("MODEL_URI", "").strip()
        if not uri:
            raise FetchError("MODEL_URI is not set: give the address of a file, tar or zip")
        sha256 = environ.get("MODEL_SHA256", "").strip().lower()
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            wrong = "is not set" if not sha256 else f"is {sha256[:70]!r}"
            raise FetchError(f"MODEL_SHA256 {wrong}: give the 64 hex digits that sha256sum prints")
        return cls(
            uri=uri,
            sha256=sha256,
            target=Path(environ.get("MODEL_TARGET") or "/mnt/models"),
            retries=_number(environ, "FETCH_RETRIES", 5, maximum=100),
            retry_seconds=_number(environ, "FETCH_RETRY_SECONDS", 1, maximum=_LONGEST_PAUSE),
            timeout=_number(environ, "FETCH_TIMEOUT", 60, minimum=1, maximum=3600),
            limits=Limits(
                max_bytes=_number(environ, "FETCH_MAX_BYTES", 2**32, minimum=1, maximum=2**50),
                max_entries=_number(environ, "FETCH_MAX_ENTRIES", 10_000, minimum=1, maximum=10**7),
            ),
        )


def _number(
    environ: Mapping[str, str], name: str, default: int, *, minimum: int = 0, maximum: int
) -> int:
    text = environ.get(name, str(default)).strip()
    if not re.fullmatch("[0-9]{1,20}", text) or not minimum <= int(text) <= maximum:
        raise FetchError(
            f"{name}={text[:100]!r}: expected a whole number from {minimum} to {maximum}"
        )
    return int(text)


def fetch(config: Config) -> None:
    """Fetch, check, unpack and put into place; leave nothing behind where that fails.

    Raises:
        FetchError: it cannot be had, or its sha256 is another.
        ArchiveError: it cannot be unpacked.
        OSError: the target cannot be written to.

    """
    started = time.monotonic()
    _log.info("fetching %s", _without_secrets(config.uri))
    with _temporary_folder(config.target) as temporary:
        content, replaced = temporary / "content", temporary / "replaced"
        content.mkdir()
        replaced.mkdir()
        file = temporary / "download"
        size = _download_with_retries(config, file)
        count = _extract_or_copy(config, file, content)
        _install(content, config.target, replaced)
    seconds = time.monotonic() - started
    _log.info("fetched %d bytes, %d file(s) in %s, %.1f s", size, count, config.target, seconds)


@contextlib.contextmanager
def _temporary_folder(target: Path) -> Iterator[Path]:
    """Make it inside the target: the volume with the room, and where renaming costs nothing."""
    target.mkdir(parents=True, exist_ok=True)
    for leftover in target.glob(f"{RESERVED}*"):
        shutil.rmtree(leftover)
    folder = Path(tempfile.mkdtemp(prefix=RESERVED, dir=target))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download_with_retries(config: Config, file: Path) -> int:
    for attempt in range(config.retries + 1):
        try:
            return _download(config, file)
        except TransientError as error:
            if attempt == config.retries:
                raise FetchError(f"{error} (attempts: {attempt + 1})") from error
            pause = min(config.retry_seconds * 2**attempt, _LONGEST_PAUSE)
            _log.warning("%s; retry %d of %d in %d s", error, attempt + 1, config.retries, pause)
            time.sleep(pause)
    raise AssertionError  # the loop returns or raises


def _download(config: Config, file: Path) -> int:
    with file.open("wb") as out:
        sink = DownloadSink(out, config.limits.max_bytes)
        download(config.uri, config.timeout, sink)
        sink.finish()
    if sink.sha256 != config.sha256:
        raise FetchError(
            f"its sha256 is {sink.sha256}, MODEL_SHA256 is {config.sha256}: "
            "it is another file, or MODEL_SHA256 is to be updated"
        )
    return sink.size


def _extract_or_copy(config: Config, file: Path, content: Path) -> int:
    name = name_of(config.uri)
    if kind := archive_kind(file, name):
        _log.info("unpacking a %s", kind)
        return unpack(file, kind, content, config.limits)
    if not name or name.startswith(".") or "\\" in name or not name.isprintable():
        raise FetchError(f"the URI ends in no usable file name ({name[:80]!r})")
    file.chmod(0o644)
    file.rename(content / name)
    return 1


def _install(content: Path, target: Path, replaced: Path) -> None:
    with _signals_blocked():
        for entry in content.iterdir():
            place = target / entry.name
            if os.path.lexists(place):
                place.rename(replaced / entry.name)
            entry.rename(place)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Ignore the signals that end us, for a few renames that belong together."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: object) -> NoReturn:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)  # cleaning up is not to be cut short
    raise SystemExit(f"Fetch stopped by {signal.Signals(number).name}")


def _explain(error: Exception | SystemExit, uri: str) -> str:
    """Return the one line that says what is wrong, without secrets and control characters."""
    if isinstance(error, SystemExit):
        return str(error)
    what = str(error)
    if isinstance(error, OSError):
        what = f"{error.strerror or error}: {error.filename or 'MODEL_TARGET'}"
    elif not isinstance(error, FetchError | ArchiveError):
        what = f"{type(error).__name__}: {error}"
    shown = _without_secrets(uri)
    line = f"Cannot fetch the model {shown}: {what}"
    if uri:
        line = line.replace(uri, shown)
    return "".join(char if char.isprintable() else " " for char in line)


def _without_secrets(uri: str) -> str:
    """Return the URI without user, password, query and fragment."""
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    authority, slash, path = re.split("[?#]", rest)[0].partition("/")
    host = authority.rpartition("@")[2]
    if not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d+)?", host):
        return f"{scheme}://…"  # what looks like the port is a part of a password with a "/"
    return f"{scheme}://{host}{slash}{path}"


def main() -> int:
    """Fetch what the environment says; return the exit code."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        fetch(Config.from_environ())
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a traceback would bury the line
        line = _explain(error, os.environ.get("MODEL_URI", "").strip())
        sys.stderr.write(f"{line}\n")
        write_termination_message(line, Path(os.environ.get("TERMINATION_LOG", PATH)))
        return 1
    return 0


if __name__ == "__main__":
    # Not sys.exit(): obstore's threads may not outlive the interpreter without complaint.
    os._exit(main())
