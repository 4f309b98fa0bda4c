"""How clients of the soak behave: most ask and read, others are slow or hang up."""

import asyncio

from bench.soak.client import Client, Response

_DRIBBLE_SECONDS = 2.0
_LATE_SECONDS = 2.0  # less than what the service waits for a client that does not read
_NEVER_SECONDS = 8.0  # more
_MOMENT = 0.05
_HEAD_END = b"\r\n\r\n"


async def ask(client: Client, request: bytes) -> Response | None:
    """Send a request and read its response."""
    await client.send(request)
    return await client.receive()


async def dribble(client: Client, request: bytes) -> Response | None:
    """Send a request little by little."""
    await client.dribble(request, _DRIBBLE_SECONDS)
    return await client.receive()


async def stall_in_head(client: Client, request: bytes) -> Response | None:
    """Send half of the head, and wait for what the service does."""
    await client.send(request[: request.index(_HEAD_END) // 2])
    return await client.receive()


async def stall_in_body(client: Client, request: bytes) -> Response | None:
    """Send the head and half of the body, and wait for what the service does."""
    await client.send(_without_end(request))
    return await client.receive()


async def read_late(client: Client, request: bytes) -> Response | None:
    """Read the response a while after it was sent."""
    await client.send(request)
    await asyncio.sleep(_LATE_SECONDS)
    return await client.receive()


async def never_read(client: Client, request: bytes) -> Response | None:
    """Do not read the response."""
    await client.send(request)
    await asyncio.sleep(_NEVER_SECONDS)
    client.reset()
    return None


async def close_at_once(client: Client, request: bytes) -> Response | None:  # noqa: ARG001 - unsent
    """Hang up without a request."""
    client.close()
    return None


async def close_in_body(client: Client, request: bytes) -> Response | None:
    """Hang up before the end of the body."""
    await client.send(_without_end(request))
    await asyncio.sleep(_MOMENT)
    client.close()
    return None


async def reset_in_body(client: Client, request: bytes) -> Response | None:
    """Die before the end of the body."""
    await client.send(_without_end(request))
    await asyncio.sleep(_MOMENT)
    client.reset()
    return None


async def close_waiting(client: Client, request: bytes) -> Response | None:
    """Hang up while the model is busy with the request."""
    await client.send(request)
    await asyncio.sleep(_MOMENT)
    client.close()
    return None


async def reset_waiting(client: Client, request: bytes) -> Response | None:
    """Die while the model is busy with the request."""
    await client.send(request)
    await asyncio.sleep(_MOMENT)
    client.reset()
    return None


def _without_end(request: bytes) -> bytes:
    return request[: (request.index(_HEAD_END) + len(_HEAD_END) + len(request)) // 2]
