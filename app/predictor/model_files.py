"""The files of the model folder, and their checksums."""

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from app.errors import ModelError
from app.text import truncate

_MAX_SHOWN = 300


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
            if (file := Path(parent, name)).is_file():
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


def check_digests(folder: Path, expected: str) -> None:
    """Compare the files of the model folder with their SHA-256 checksums.

    Args:
        folder: the model folder.
        expected: MODEL_CHECKSUMS.

    Raises:
        ModelError: a file differs, is missing, or has no checksum.

    """
    if not expected:
        return
    sys.dont_write_bytecode = True  # a retry would find files that have no checksum
    files = {str(file.relative_to(folder)): _digest(file) for file in files_of(folder)}
    digests = {line[66:]: line[:64] for line in expected.splitlines()}
    if "." in digests:  # a checksum without a name
        if len(files) != 1:
            raise ModelError(
                "MODEL_CHECKSUMS is one checksum, but the model folder holds "
                f"{truncate(', '.join(files), _MAX_SHOWN) or 'no file'}: set it to what sha256sum "
                "prints for all files"
            )
        digests = dict.fromkeys(files, digests["."])
    for name, digest in files.items():
        if name not in digests:
            raise ModelError(
                f"{name} in the model folder has no checksum in MODEL_CHECKSUMS: remove the "
                f"file, or add its checksum {digest} if you trust it"
            )
        if digest != digests[name]:
            raise ModelError(
                f"The SHA-256 checksum of {name} is {digest}, but MODEL_CHECKSUMS has "
                f"{digests[name]}: restore the file, or update its checksum"
            )
    if missing := sorted(digests.keys() - files.keys()):
        raise ModelError(
            f"{missing[0]} is in MODEL_CHECKSUMS, but not in the model folder: add the file, or "
            "remove its checksum"
        )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
