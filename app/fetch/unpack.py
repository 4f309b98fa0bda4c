"""Unpacks an untrusted tar or zip.

Stricter than tarfile's `data` filter: what that filter would change or accept is rejected.
Only plain files (saved with mode 0644) and folders (0755) under relative names are unpacked.
A link, a device, a fifo, a sparse or encrypted entry, a duplicate name, an absolute name, a
`..`, too many entries, or too many bytes, counted while they are written, is an error.
No path component is stripped: a top folder in the archive is a top folder in the target.
"""

import bz2
import contextlib
import gzip
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, cast

from app.errors import ArchiveError
from app.text import truncate

CHUNK = 65_536
RESERVED = ".fetch-"  # prefix of the fetch's own temporary folders

_COMPRESSIONS: dict[bytes, Callable[[Path], IO[bytes]]] = {
    b"\x1f\x8b": cast("Callable[[Path], IO[bytes]]", gzip.open),
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ARCHIVE_NAME = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst|zip|7z|rar)$", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[a-z]\w*$", re.IGNORECASE)

# Limit of what tarfile may read between two entries (headers, long names, pax records): a header
# that claims gigabytes is rejected before it takes the memory.
_HEADER_BYTES = 1_048_576
_TAR_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.DIRTYPE)
_TAR_OTHERS = {
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a fifo",
}
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile inflates others without a limit
_ENCRYPTED = 0x1  # a bit of the entry's flags
_MAX_DEPTH = 64
_MAX_SHOWN = 80
# ValueError and RuntimeError: invalid numbers, endlessly nested extended headers.
_BROKEN_TAR = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, ValueError, RuntimeError)
_BROKEN = (zipfile.BadZipFile, *_BROKEN_TAR)


class Limits(NamedTuple):
    """Limits of an archive's content."""

    max_bytes: int
    max_entries: int


class _Entry(NamedTuple):
    name: str
    is_folder: bool
    open: Callable[[], IO[bytes]]


def archive_kind(file: Path, name: str) -> str | None:
    """Return "tar" or "zip" by the file's content, None for any other file.

    A zip with another format's extension (`.npz`, `.pt`, `.skops`, …) is a file of that
    format, and a compressed file that does not contain a tar is just that file.

    Raises:
        ArchiveError: the name is that of an archive, the content is not one.

    """
    named_archive = _ARCHIVE_NAME.search(name)
    is_zip = _is_zip(file)  # first: a tar's header has but a sum, which that of a zip may fit
    if not is_zip and _is_tar(file):
        return "tar"
    if is_zip and (named_archive or not _EXTENSION.search(name)):
        return "zip"
    if named_archive:
        raise ArchiveError(
            f"{_quote(name)} is named like an archive but is not a supported one: "
            "make it a .tar, .tar.gz, .tar.bz2, .tar.xz or .zip"
        )
    return None


def unpack(archive: Path, kind: str, folder: Path, limits: Limits) -> int:
    """Unpack into an empty folder and return the number of files.

    Raises:
        ArchiveError: the archive is broken, exceeds a limit, or holds what must not be
            unpacked; the folder may hold a part of it then.

    """
    files = written = 0
    with _wrap_archive_errors(), contextlib.closing(_READERS[kind](archive)) as entries:
        for count, entry in enumerate(entries, start=1):
            if count > limits.max_entries:
                raise ArchiveError("holds more entries than FETCH_MAX_ENTRIES allows")
            destination = folder.joinpath(*_safe_parts(entry.name))
            with _reject_duplicates(entry.name):
                if entry.is_folder:
                    destination.mkdir(parents=True, exist_ok=True)
                else:
                    written += _write(entry, destination, limits.max_bytes - written)
                    files += 1
    if not files:
        raise ArchiveError("holds no file")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return files


def _write(entry: _Entry, destination: Path, allowed: int) -> int:
    size = 0
    destination.parent.mkdir(parents=True, exist_ok=True)
    with entry.open() as source, destination.open("xb") as file:
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > allowed:
                raise ArchiveError("unpacks to more bytes than FETCH_MAX_BYTES allows")
            file.write(chunk)
    return size


def _safe_parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if name.startswith("/"):
        raise ArchiveError(f"entry {_quote(name)} has an absolute name")
    if ".." in parts:
        raise ArchiveError(f"entry {_quote(name)} escapes the target directory")
    if "\\" in name or not name.isprintable():
        raise ArchiveError(f"entry {_quote(name)} has a backslash or control character")
    if len(parts) > _MAX_DEPTH or "".join(parts[:1]).startswith(RESERVED):
        raise ArchiveError(f"entry {_quote(name)} is nested too deeply or has a reserved name")
    return parts


def _quote(name: str) -> str:
    return repr(truncate(name, _MAX_SHOWN))


@contextlib.contextmanager
def _reject_duplicates(name: str) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ArchiveError(f"entry {_quote(name)} is a duplicate entry") from error


@contextlib.contextmanager
def _wrap_archive_errors() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise ArchiveError(f"broken archive ({type(error).__name__}: {error})") from error
    except OSError as error:
        if error.errno is not None:  # the disk's; an error of gzip or bz2 has no number
            raise
        raise ArchiveError(f"broken archive ({error})") from error


def _is_zip(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(4) in _ZIP_STARTS and zipfile.is_zipfile(file)


def _zip_entries(file: Path) -> Generator[_Entry, None, None]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if kind := _refused_in_zip(info):
                raise ArchiveError(f"entry {_quote(info.filename)} is {kind}")
            opener = cast("Callable[[], IO[bytes]]", partial(archive.open, info))
            yield _Entry(info.filename, info.is_dir(), opener)


def _refused_in_zip(info: zipfile.ZipInfo) -> str | None:
    file_type = stat.S_IFMT(info.external_attr >> 16)
    if file_type == stat.S_IFLNK:
        return "a symbolic link"
    if file_type not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "neither a file nor a folder"
    if info.flag_bits & _ENCRYPTED:
        return "encrypted"
    if info.compress_type not in _ZIP_METHODS:
        return "neither stored nor deflated"
    return None


def _is_tar(file: Path) -> bool:
    with _open_plain(file) as plain:
        try:
            tarfile.TarInfo.frombuf(plain.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
        except (*_BROKEN_TAR, OSError):
            return False
    return True


def _open_plain(file: Path) -> IO[bytes]:
    with file.open("rb") as start:
        magic = start.read(6)
    for prefix, opener in _COMPRESSIONS.items():
        if magic.startswith(prefix):
            return opener(file)
    return file.open("rb")


class _BoundedReader:
    """A file for tarfile that limits what it may read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.allowed = _HEADER_BYTES
        self.latest = b""
        self.seek, self.tell, self._file = file.seek, file.tell, file

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.allowed:
            raise ArchiveError("a tar header is too long")
        self.allowed -= size
        self.latest = self._file.read(size)
        return self.latest


def _tar_entries(file: Path) -> Generator[_Entry, None, None]:
    with _open_plain(file) as plain:
        metered = _BoundedReader(plain)
        with tarfile.open(fileobj=cast("IO[bytes]", metered), mode="r:") as archive:
            while member := archive.next():
                if member.type not in _TAR_FILES or member.issparse():
                    kind = _TAR_OTHERS.get(member.type, "neither a plain file nor a folder")
                    raise ArchiveError(f"entry {_quote(member.name)} is {kind}")
                metered.allowed += member.size + CHUNK
                opener = cast("Callable[[], IO[bytes]]", partial(archive.extractfile, member))
                yield _Entry(member.name, member.isdir(), opener)
                metered.allowed = _HEADER_BYTES
            if metered.latest.strip(b"\0"):  # where a tar ends, tarfile does not say why
                raise ArchiveError("broken archive (an invalid header)")


_READERS = {"tar": _tar_entries, "zip": _zip_entries}
