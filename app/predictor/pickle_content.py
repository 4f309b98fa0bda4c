"""Reads a pickle's bytes, decompressed as joblib does, in chunks of bounded memory."""

import bz2
import lzma
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Protocol

_BLOCK_SIZE = 2**16
_CHUNK_SIZE = 2**18
_MAX_LZMA_MEMORY = 96 * 2**20  # level 9, the highest, needs 65 MiB


class _Decompressor(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, /, max_length: int) -> bytes: ...


def read_chunks(stream: BinaryIO, max_compressed: int | None = None) -> Iterator[bytes]:
    """Yield what a file contains; decompressed, if it is zlib, gzip, bz2, xz or lzma.

    Args:
        stream: the file, at its start.
        max_compressed: bytes of a compressed file after which to stop; None: all.

    """
    head = stream.read(2)
    stream.seek(0)
    blocks = iter(lambda: stream.read(_BLOCK_SIZE), b"")
    blocks = islice(blocks, None if max_compressed is None else max_compressed // _BLOCK_SIZE)
    if head == b"\x1f\x8b" or head[:1] == b"\x78":
        return _inflate(blocks)
    if head == b"BZ":
        return _decompress(blocks, bz2.BZ2Decompressor())
    if head in (b"\xfd7", b"\x5d\x00"):
        return _decompress(blocks, lzma.LZMADecompressor(memlimit=_MAX_LZMA_MEMORY))
    return iter(lambda: stream.read(_CHUNK_SIZE), b"")


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


class Content:
    """The decompressed content of a file, read from its start to its end.

    It has no `peek()`: an Unpickler does not read ahead, so that what follows the instruction that
    runs can be read or skipped.
    """

    def __init__(self, stream: BinaryIO) -> None:
        """Read `stream`, which is at its start."""
        self._chunks = read_chunks(stream)
        self._chunk = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer at the end."""
        return b"".join(self._parts(size))

    def readline(self) -> bytes:
        """Return the rest of the line with its line feed."""
        parts = []
        while self.has_more():
            end = self._chunk.find(b"\n", self._at) + 1
            parts.append(self._take(end or len(self._chunk)))
            if end:
                break
        return b"".join(parts)

    def skip(self, size: int) -> None:
        """Skip `size` bytes.

        Raises:
            EOFError: there are fewer.

        """
        if sum(map(len, self._parts(size))) != size:
            raise EOFError

    def has_more(self) -> bool:
        """Return whether this is not the end."""
        while self._at >= len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self._chunk, self._at = chunk, 0
        return True

    def starts_with(self, prefixes: tuple[bytes, ...]) -> bool:
        """Return whether the bytes to read next start with one of the prefixes."""
        return self.has_more() and self._chunk.startswith(prefixes, self._at)

    def _parts(self, size: int) -> Iterator[bytes]:
        while size > 0 and self.has_more():
            part = self._take(self._at + size)
            size -= len(part)
            yield part

    def _take(self, end: int) -> bytes:
        part = self._chunk[self._at : end]
        self._at += len(part)
        return part
