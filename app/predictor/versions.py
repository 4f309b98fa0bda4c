"""Compares the versions that a model was made with to those that run.

They stand in a small record beside the module, `<module>.json`, as `model/train.py` writes it:

    {"made_with": {"python": "3.13.0", "scikit-learn": "1.9.1"}}

Where there is none, the version that scikit-learn leaves in its pickles is looked for, without
unpickling them.
"""

import bz2
import gzip
import io
import json
import logging
import lzma
import platform
import re
import zlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from app.errors import ModelError

_log = logging.getLogger(__name__)

_PICKLES = ("*.joblib", "*.pkl", "*.pickle")

# "_sklearn_version" and its value, as pickle's protocols 2 to 5 write two short strings in a row:
# a string is X and four bytes, or \x8c and one byte, of length; between them it may be memoized.
_VERSION_PATTERN = re.compile(
    rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c(.)|X(.{4}))([0-9].{0,30})", re.DOTALL
)
_MAX_PATTERN_LENGTH = 64
_CHUNK_SIZE = 2**20
_MAX_SEARCHED = 512 * _CHUNK_SIZE  # an estimator's version comes with its first part


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


def check_versions(file: Path, policy: str) -> None:
    """Compare what a model was made with to what runs, and warn where they differ.

    Args:
        file: the model module.
        policy: VERSION_CHECK: warn, refuse or off.

    Raises:
        ModelError: they differ, and the policy is to refuse; or the record has no versions.

    """
    found = [] if policy == "off" else version_mismatches(file)
    if not found:
        return
    message = f"The model was made with {', '.join(found)}: train it again, or pin the versions"
    if policy == "refuse":
        raise ModelError(message)
    _log.warning(message)


def version_mismatches(file: Path) -> list[str]:
    """Return a word for each version that differs in major or minor from what runs.

    Args:
        file: the model module.

    Raises:
        ModelError: the record beside it has no versions.

    """
    return [
        f"{name} {made} (runs: {running or 'none'})"
        for name, made in sorted(training_versions(file).items())
        if _major_minor(made) != _major_minor(running := _running(name))
    ]


def training_versions(file: Path) -> dict[str, str]:
    """Return the versions that the model was made with, by package; empty where nothing tells.

    Raises:
        ModelError: the record beside the module has no versions.

    """
    record = file.with_suffix(".json")
    if (versions := _recorded(record)) is not None:
        if not isinstance(versions, dict):
            raise ModelError(f'{record.name}: "made_with" is no object of versions: mend it')
        return {str(name): str(made) for name, made in versions.items()}
    for pattern in _PICKLES:
        for pickle in sorted(file.parent.glob(pattern)):
            if found := sklearn_version_of_pickle(pickle):
                return {"scikit-learn": found}
    return {}


def _recorded(record: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Return what the record says; nothing where there is none, or the file is about else."""
    try:
        content = json.loads(record.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return content.get("made_with") if isinstance(content, dict) else None


def sklearn_version_of_pickle(pickle: Path) -> str | None:
    """Return the version of scikit-learn that a pickle, or joblib's file, was written by."""
    with pickle.open("rb") as stream:
        head = stream.read(2)
        stream.seek(0)
        try:
            if head == b"\x1f\x8b":
                return _search_parts(gzip.open(stream))
            if head == b"BZ":
                return _search_parts(bz2.open(stream))
            if head in (b"\xfd7", b"\x5d\x00"):
                return _search_parts(lzma.open(stream))
            if head[:1] == b"\x78":
                return _search_parts(io.BytesIO(_inflate(stream)))
            return _search_parts(stream)
        except (OSError, EOFError, zlib.error, lzma.LZMAError):
            return None  # no pickle after all


def _search_parts(stream: _Readable) -> str | None:
    """Search a stream a part at a time, each with the end of the one before."""
    end = b""
    for _ in range(_MAX_SEARCHED // _CHUNK_SIZE):
        part = stream.read(_CHUNK_SIZE)
        if not part:
            break
        if found := _VERSION_PATTERN.search(end + part):
            length = int.from_bytes(found[1] or found[2], "little")
            return found[3][:length].decode(errors="replace")
        end = part[-_MAX_PATTERN_LENGTH:]
    return None


def _inflate(stream: _Readable) -> bytes:
    return zlib.decompressobj().decompress(stream.read(), _MAX_SEARCHED)


def _running(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _major_minor(version_: str) -> list[str]:
    return version_.split(".")[:2]
