"""A bound for the responses that clients have not taken, which a process keeps in memory."""

from collections.abc import Iterable

from app.server.connection import Connection

LARGE_RESPONSE = 2**20  # bytes; after such a one the bound is checked at once
_MAX_UNSENT = 2**28  # bytes


def limit_unsent(connections: Iterable[Connection]) -> None:
    """End the connections that have taken longest, where clients leave too much untaken."""
    unsent = [connection for connection in connections if connection.unsent_bytes]
    total = sum(connection.unsent_bytes for connection in unsent)
    unsent.sort(key=lambda connection: connection.responded)
    for connection in unsent:
        if total <= _MAX_UNSENT:
            return
        total -= connection.unsent_bytes
        connection.transport.abort()
