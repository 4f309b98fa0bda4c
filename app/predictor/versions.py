"""Compares the versions that a model was trained with to those that run.

A record beside the module, `<module>.json`, names the training versions, as `model/train.py`
writes it:

    {"made_with": {"python": "3.13.0", "scikit-learn": "1.9.1"}}

The version that scikit-learn writes into its pickles is compared too, for every pickle in the
folder. It is found without unpickling.
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
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, Protocol

from app.codec import JsonValue
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
_MAX_SEARCHED = 512 * _CHUNK_SIZE  # the first estimator's version comes early in a pickle


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class TrainingVersion(NamedTuple):
    """A version that a model was trained with.

    Attributes:
        file: what names it: the record, or a pickle.
        package: a distribution's name, or "python".
        version: its version then.

    """

    file: str
    package: str
    version: str


def check_versions(file: Path, policy: str) -> None:
    """Warn of versions that differ in major or minor from those that run, or refuse them.

    Args:
        file: the model module.
        policy: VERSION_CHECK: warn, refuse or off.

    Raises:
        ModelError: versions differ and the policy is to refuse, or the record is invalid.

    """
    mismatches = [] if policy == "off" else version_mismatches(file)
    if not mismatches:
        return
    message = (
        f"The model was trained with {', '.join(mismatches)}: train it again, or pin the versions"
    )
    if policy == "refuse":
        raise ModelError(message)
    _log.warning(message)


def version_mismatches(file: Path) -> list[str]:
    """Return a description of each training version that differs from the one that runs.

    Args:
        file: the model module.

    Raises:
        ModelError: the record beside it is invalid.

    """
    return [
        f"{package} {trained} (runs: {running or 'none'}; {name})"
        for name, package, trained in training_versions(file)
        if _major_minor(trained) != _major_minor(running := _running_version(package))
    ]


def training_versions(file: Path) -> Iterator[TrainingVersion]:
    """Yield the versions that the model module's record and the folder's pickles name.

    Raises:
        ModelError: the record is invalid.

    """
    record = file.with_suffix(".json")
    for package, trained in sorted(_recorded_versions(record).items()):
        yield TrainingVersion(record.name, package, trained)
    for pickle in sorted(path for pattern in _PICKLES for path in file.parent.glob(pattern)):
        if pickle.is_file() and (found := sklearn_version_of_pickle(pickle)):
            yield TrainingVersion(pickle.name, "scikit-learn", found)


def _recorded_versions(record: Path) -> dict[str, str]:
    """Return the versions in the record; none if there is no file, or it is about another thing."""
    try:
        content: JsonValue = json.loads(record.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    versions = content.get("made_with") if isinstance(content, dict) else None
    if versions is None:
        return {}
    if not isinstance(versions, dict):
        raise ModelError(f'{record.name}: "made_with" must be an object of package versions')
    return {str(name): str(trained) for name, trained in versions.items()}


def sklearn_version_of_pickle(pickle: Path) -> str | None:
    """Return the version of scikit-learn that wrote a pickle or joblib file, if it did."""
    try:
        with pickle.open("rb") as stream:
            head = stream.read(2)
            stream.seek(0)
            if head == b"\x1f\x8b":
                return _search(gzip.open(stream))
            if head == b"BZ":
                return _search(bz2.open(stream))
            if head in (b"\xfd7", b"\x5d\x00"):
                return _search(lzma.open(stream))
            if head[:1] == b"\x78":
                return _search(io.BytesIO(_inflate(stream)))
            return _search(stream)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return None  # not a pickle


def _search(stream: _Readable) -> str | None:
    """Search a stream chunk by chunk, each with the end of the previous one."""
    end = b""
    for _ in range(_MAX_SEARCHED // _CHUNK_SIZE):
        chunk = stream.read(_CHUNK_SIZE)
        if not chunk:
            break
        if found := _VERSION_PATTERN.search(end + chunk):
            length = int.from_bytes(found[1] or found[2], "little")
            return found[3][:length].decode(errors="replace")
        end = chunk[-_MAX_PATTERN_LENGTH:]
    return None


def _inflate(stream: _Readable) -> bytes:
    return zlib.decompressobj().decompress(stream.read(), _MAX_SEARCHED)


def _running_version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _major_minor(version_: str) -> list[str]:
    return version_.split(".")[:2]
