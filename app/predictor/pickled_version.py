"""Finds the version of scikit-learn in a pickle, without unpickling.

The search is bounded in memory and time, whatever the file holds. A file that cannot be searched
has no version, and is no reason not to load the model.
"""

import bz2
import contextlib
import lzma
import re
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol

# "_sklearn_version" and its value, as pickle's protocols 2 to 5 write two short strings in a row:
# a string is X and four bytes, or \x8c and one byte, of length; between them it may be memoized.
_VERSION_PATTERN = re.compile(
    rb"_sklearn_version(?:\x94|q.|r.{4})?(?:\x8c(.)|X(.{4}))([0-9][0-9A-Za-z.+!-]{0,30})", re.DOTALL
)
_MAX_PATTERN_LENGTH = 64
_BLOCK_SIZE = 2**16
_CHUNK_SIZE = 2**18
# Of a file: the first estimator's version comes early in a pickle.
_MAX_COMPRESSED = 32 * 2**20
_MAX_SEARCHED = 256 * 2**20
_MAX_LZMA_MEMORY = 16 * 2**20  # level 6 of 9, the default, needs 9 MiB


class _Decompressor(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


def sklearn_version_of_pickle(file: Path) -> str | None:
    """Return the version of scikit-learn that wrote a pickle or joblib file, if it did."""
    with contextlib.suppress(Exception):  # not a pickle, or not readable
        if file.is_file():  # opening a pipe would wait for its writer
            with file.open("rb") as stream:
                return _search(_content(stream))
    return None


def _search(chunks: Iterator[bytes]) -> str | None:
    """Search chunk by chunk, each with the end of the previous one."""
    end, searched = b"", 0
    for chunk in chunks:
        if found := _VERSION_PATTERN.search(end + chunk):
            length = int.from_bytes(found[1] or found[2], "little")
            return found[3][:length].decode()
        end = (end + chunk)[-_MAX_PATTERN_LENGTH:]
        searched += len(chunk)
        if searched >= _MAX_SEARCHED:
            break
    return None


def _content(stream: BinaryIO) -> Iterator[bytes]:
    """Yield what a file holds, decompressed, in chunks."""
    head = stream.read(2)
    stream.seek(0)
    if head == b"\x1f\x8b" or head[:1] == b"\x78":
        return _inflate(_compressed_blocks(stream))
    if head == b"BZ":
        return _decompress(_compressed_blocks(stream), bz2.BZ2Decompressor())
    if head in (b"\xfd7", b"\x5d\x00"):
        decompressor = lzma.LZMADecompressor(memlimit=_MAX_LZMA_MEMORY)
        return _decompress(_compressed_blocks(stream), decompressor)
    return iter(lambda: stream.read(_CHUNK_SIZE), b"")


def _compressed_blocks(stream: BinaryIO) -> Iterator[bytes]:
    blocks = iter(lambda: stream.read(_BLOCK_SIZE), b"")
    return islice(blocks, _MAX_COMPRESSED // _BLOCK_SIZE)


def _inflate(blocks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: of zlib's format, or gzip's
    for block in blocks:
        rest = block
        while rest and not decompressor.eof:
            yield decompressor.decompress(rest, _CHUNK_SIZE)
            rest = decompressor.unconsumed_tail


def _decompress(blocks: Iterator[bytes], decompressor: _Decompressor) -> Iterator[bytes]:
    for block in blocks:
        if decompressor.eof:
            break
        yield decompressor.decompress(block, max_length=_CHUNK_SIZE)
        while not decompressor.needs_input and not decompressor.eof:
            yield decompressor.decompress(b"", max_length=_CHUNK_SIZE)
