"""The files of the model folder, and their checksums."""

import contextlib
import hashlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.errors import ModelError
from app.text import truncate

_MAX_SHOWN = 300
_LARGE_BYTES = 2**30


class ModelFiles:
    """The files of the model folder, each with its SHA-256 checksum.

    Attributes:
        checksums: by the name relative to the folder, without those in `__pycache__` and in hidden
            folders; None for a file that cannot be read, and for a large one until a thread has
            read it.
        digest: the checksum of the lines that `sha256sum` prints for all of them; None until all
            are known.

    """

    def __init__(self, large_bytes: int = _LARGE_BYTES) -> None:
        """Know no file yet.

        Args:
            large_bytes: of all files; those beyond this size together are hashed later.

        """
        self.checksums: dict[str, str | None] = {}
        self.digest: str | None = None
        self._large_bytes = large_bytes
        self._large_files: dict[str, Path] = {}

    def read(self, folder: Path, expected: str) -> None:
        """Hash the files of a folder, and compare them with the expected checksums, if any.

        Args:
            folder: the model folder.
            expected: MODEL_CHECKSUMS; if it is not empty, large files are hashed too.

        Raises:
            ModelError: a file differs, is missing, cannot be read, or has no checksum.

        """
        files = {str(file.relative_to(folder)): file for file in files_of(folder)}
        own_files = {name: files[name] for name in files if _is_own(name)}
        large = {} if expected else _beyond(own_files, self._large_bytes)
        checksums = {
            name: None if name in large else _hash(file)
            for name, file in (files if expected else own_files).items()
        }
        self.checksums = {name: checksums[name] for name in own_files}
        self._large_files = large
        self.digest = None if large else _digest(self.checksums)
        if expected:
            sys.dont_write_bytecode = True  # a retry would find files that have no checksum
            _compare(checksums, expected)

    def start_hashing_large_files(self) -> None:
        """Hash the large files in a thread."""
        if self._large_files:
            threading.Thread(target=self._hash_large_files, name="checksums", daemon=True).start()

    def _hash_large_files(self) -> None:
        for name, file in self._large_files.items():
            self.checksums[name] = _hash(file)
        self.digest = _digest(self.checksums)


def files_of(folder: Path) -> Iterator[Path]:
    """Yield every regular file in a folder and the folders below it, in the order of their names.

    Links are followed. A folder whose name starts with ".." is left out: in a ConfigMap's volume
    the links lead there.
    """
    seen = set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(parent))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith("..") and os.path.realpath(Path(parent, name)) not in seen
        )
        for name in sorted(names):
            file = Path(parent, name)
            if os.path.isfile(file):  # noqa: PTH113 - is_file() raises where stat() is denied
                yield file


def snapshot(folder: Path) -> set[tuple[str, int, int]]:
    """Return what differs once a file of the folder has changed.

    Without bytecode, which importing a model writes.
    """
    found = set()
    for file in files_of(folder):
        if file.parent.name != "__pycache__":
            with contextlib.suppress(FileNotFoundError):
                status = file.stat()
                found.add((str(file), status.st_size, status.st_ctime_ns))
    return found


def _is_own(name: str) -> bool:
    """Return whether a file is the model's, not bytecode, or in a folder such as .git or .venv."""
    return not any(it == "__pycache__" or it.startswith(".") for it in Path(name).parts[:-1])


def _compare(checksums: Mapping[str, str | None], expected: str) -> None:
    expected_checksums = {line[66:]: line[:64] for line in expected.splitlines()}
    if "." in expected_checksums:  # a checksum without a name
        if len(checksums) != 1:
            raise ModelError(
                "MODEL_CHECKSUMS is one checksum, but the model folder holds "
                f"{truncate(', '.join(checksums), _MAX_SHOWN) or 'no file'}: set it to what "
                "sha256sum prints for all files"
            )
        expected_checksums = dict.fromkeys(checksums, expected_checksums["."])
    for name, checksum in checksums.items():
        if checksum is None:
            raise ModelError(
                f"{name} in the model folder cannot be read to compare its checksum with "
                "MODEL_CHECKSUMS: make it readable, or remove it"
            )
        if name not in expected_checksums:
            raise ModelError(
                f"{name} in the model folder has no checksum in MODEL_CHECKSUMS: remove the "
                f"file, or add its checksum {checksum} if you trust it"
            )
        if checksum != expected_checksums[name]:
            raise ModelError(
                f"The SHA-256 checksum of {name} is {checksum}, but MODEL_CHECKSUMS has "
                f"{expected_checksums[name]}: restore the file, or update its checksum"
            )
    if missing := sorted(expected_checksums.keys() - checksums.keys()):
        raise ModelError(
            f"{missing[0]} is in MODEL_CHECKSUMS, but not in the model folder: add the file, or "
            "remove its checksum"
        )


def _beyond(files: Mapping[str, Path], size: int) -> dict[str, Path]:
    """Return the largest files, without which the others have no more than this size in bytes."""
    beyond = {}
    for name in sorted(files, key=lambda name: _size(files[name])):
        size -= _size(files[name])
        if size < 0:
            beyond[name] = files[name]
    return beyond


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _hash(file: Path) -> str | None:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _digest(checksums: Mapping[str, str | None]) -> str:
    """Return the checksum of what `sha256sum` prints for the files that can be read."""
    lines = sorted((os.fsencode(name), it.encode()) for name, it in checksums.items() if it)
    return hashlib.sha256(b"".join(b"%b  %b\n" % (it, name) for name, it in lines)).hexdigest()
