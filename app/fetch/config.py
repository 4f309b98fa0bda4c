"""The fetch's environment variables: MODEL_* and FETCH_*."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.config.env import parse_integer
from app.errors import FetchError
from app.fetch.unpack import Limits
from app.text import truncate

MAX_PAUSE = 60  # seconds between two attempts

# Default, minimum and maximum.
_NUMBERS = {
    "FETCH_RETRIES": (5, 0, 100),
    "FETCH_RETRY_SECONDS": (1, 0, MAX_PAUSE),
    "FETCH_TIMEOUT": (60, 1, 3600),
    "FETCH_MAX_BYTES": (2**32, 1, 2**50),
    "FETCH_MAX_ENTRIES": (10_000, 1, 10**7),
}


@dataclass(frozen=True)
class FetchConfig:
    """What to fetch, from where, and how.

    Attributes:
        uri: http, https, s3, gs, file:// or an absolute path.
        sha256: of the file, in lower-case hexadecimal digits.
        target: the folder to put it into.
        retries: attempts after the first one.
        retry_seconds: the first pause; each further one is twice as long.
        timeout: seconds without a byte that end an attempt.
        limits: of the content.

    """

    uri: str
    sha256: str
    target: Path
    retries: int
    retry_seconds: int
    timeout: int
    limits: Limits

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the environment variables.

        Raises:
            FetchError: MODEL_URI or MODEL_SHA256 is missing or invalid.
            SettingError: a number does not parse.

        """
        uri = environ.get("MODEL_URI", "").strip()
        if not uri:
            raise FetchError("MODEL_URI is not set: give the address of a file, tar or zip")
        sha256 = environ.get("MODEL_SHA256", "").strip().lower()
        if not re.fullmatch("[0-9a-f]{64}", sha256):
            wrong = f"is {truncate(sha256, 70)!r}" if sha256 else "is not set"
            raise FetchError(f"MODEL_SHA256 {wrong}: give the 64 hex digits that sha256sum prints")
        numbers = {
            name: parse_integer(name, environ.get(name, str(default)), minimum, maximum)
            for name, (default, minimum, maximum) in _NUMBERS.items()
        }
        return cls(
            uri=uri,
            sha256=sha256,
            target=Path(environ.get("MODEL_TARGET") or "/mnt/models"),
            retries=numbers["FETCH_RETRIES"],
            retry_seconds=numbers["FETCH_RETRY_SECONDS"],
            timeout=numbers["FETCH_TIMEOUT"],
            limits=Limits(numbers["FETCH_MAX_BYTES"], numbers["FETCH_MAX_ENTRIES"]),
        )
