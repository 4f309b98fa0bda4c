"""A connection to the service, whose client can be slow, or hang up."""

import asyncio
import socket
import struct
from dataclasses import dataclass

import httptools

_SECONDS = 30  # that a response may take
_PIECES = 12


@dataclass
class Response:
    """A response; it is complete if `is_complete`."""

    status: int = 0
    body: bytes = b""
    keep_alive: bool = False
    is_complete: bool = False


class _Reader:
    """Collects what httptools calls back with."""

    def __init__(self) -> None:
        self.response = Response()
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.response.body += body

    def on_headers_complete(self) -> None:
        self.response.status = self._parser.get_status_code()
        self.response.keep_alive = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        self.response.is_complete = True


class Client:
    """A connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use what `open_client` opened."""
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> None:
        """Send bytes, at once."""
        self._writer.write(content)
        await self._writer.drain()

    async def dribble(self, content: bytes, seconds: float) -> None:
        """Send bytes in pieces, over so many seconds."""
        size = -(-len(content) // _PIECES)
        for start in range(0, len(content), size):
            await self.send(content[start : start + size])
            await asyncio.sleep(seconds / _PIECES)

    async def receive(self) -> Response:
        """Return the response to what was sent; one that ends too early is not complete."""
        reader = _Reader()
        async with asyncio.timeout(_SECONDS):
            while not reader.response.is_complete:
                data = await self._reader.read(2**16)
                if not data:
                    break
                reader.feed(data)
        return reader.response

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    def reset(self) -> None:
        """Close the connection so that the service gets a reset, as from a process that died."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger
        )
        self._writer.transport.abort()


async def open_client(address: str) -> Client:
    """Connect to `address`, as host:port."""
    host, _, port = address.rpartition(":")
    return Client(*await asyncio.open_connection(host, int(port)))
