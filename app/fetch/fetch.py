"""Downloads the model, verifies it, unpacks it, and moves it into place."""

import contextlib
import logging
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import tenacity

from app.errors import FetchError, TransientError
from app.fetch.config import MAX_PAUSE, FetchConfig
from app.fetch.download import DownloadSink, download, name_of
from app.fetch.unpack import RESERVED, archive_kind, unpack
from app.text import truncate

SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


def fetch(config: FetchConfig) -> None:
    """Fetch the model; leave nothing behind where that fails.

    Raises:
        FetchError: it cannot be downloaded, its sha256 differs, or it cannot be unpacked.
        OSError: the target cannot be written to.

    """
    started = time.monotonic()
    _log.info("fetching %s", without_secrets(config.uri))
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
    """Create a folder in the target: on the volume with the space, where a rename is atomic."""
    target.mkdir(parents=True, exist_ok=True)
    for leftover in target.glob(f"{RESERVED}*"):
        shutil.rmtree(leftover)
    folder = Path(tempfile.mkdtemp(prefix=RESERVED, dir=target))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download_with_retries(config: FetchConfig, file: Path) -> int:
    def log_retry(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        retry, pause = state.attempt_number, state.upcoming_sleep
        _log.warning("%s; retry %d of %d in %d s", error, retry, config.retries, pause)

    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=tenacity.stop_after_attempt(config.retries + 1),
        wait=tenacity.wait_exponential(config.retry_seconds, max=MAX_PAUSE),
        before_sleep=log_retry,
        reraise=True,
    )
    try:
        return attempts(_download, config, file)
    except TransientError as error:
        raise FetchError(f"{error} (attempts: {config.retries + 1})") from error


def _download(config: FetchConfig, file: Path) -> int:
    with file.open("wb") as out:
        sink = DownloadSink(out, config.limits.max_bytes)
        download(config.uri, config.timeout, sink)
        sink.finish()
    if sink.sha256 != config.sha256:
        raise FetchError(
            f"its sha256 is {sink.sha256}, MODEL_SHA256 is {config.sha256}: "
            "check MODEL_URI, or update MODEL_SHA256"
        )
    return sink.size


def _extract_or_copy(config: FetchConfig, file: Path, content: Path) -> int:
    name = name_of(config.uri)
    if kind := archive_kind(file, name):
        _log.info("unpacking a %s", kind)
        return unpack(file, kind, content, config.limits)
    if not name or name.startswith(".") or "\\" in name or not name.isprintable():
        raise FetchError(f"the URI does not end in a usable file name ({truncate(name, 80)!r})")
    file.chmod(0o644)
    file.rename(content / name)
    return 1


def _install(content: Path, target: Path, replaced: Path) -> None:
    with _signals_blocked():
        for entry in content.iterdir():
            destination = target / entry.name
            if os.path.lexists(destination):
                destination.rename(replaced / entry.name)
            entry.rename(destination)


@contextlib.contextmanager
def _signals_blocked() -> Iterator[None]:
    """Ignore the signals that stop the fetch, for renames that belong together."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def without_secrets(uri: str) -> str:
    """Return the URI without user, password, query and fragment."""
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    authority, slash, path = re.split("[?#]", rest)[0].partition("/")
    host = authority.rpartition("@")[2]
    if not re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d+)?", host):
        return f"{scheme}://…"  # a password with a "/" in it looks like a port
    return f"{scheme}://{host}{slash}{path}"
