"""Callers that send the requests of all groups, at a steady rate, and judge the responses."""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import httptools

from bench.soak import clients
from bench.soak.calls import GROUPS, Group, Kind
from bench.soak.client import Client, Response, open_client

_MAX_SHOWN = 20
_KEPT = 0.5  # share of the requests that use a connection that stays open


@dataclass
class Count:
    """The requests of a kind.

    Attributes:
        sent: how many.
        failed: how many of them did not get what is expected.
        seconds: how long each took that did.

    """

    sent: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list, repr=False)


class Traffic:
    """All callers, and what they have counted.

    Attributes:
        counts: by the kind.
        failures: what was wrong with the first requests that failed.

    """

    def __init__(self, address: str) -> None:
        """Send to `address`, as host:port."""
        self.counts = {kind: Count() for group in GROUPS for kind in group.kinds}
        self.failures: list[str] = []
        self._address = address
        self._until = 0.0

    async def run(self, seconds: float) -> None:
        """Send requests for so many seconds, and finish them."""
        self._until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for group in GROUPS:
                for number in range(group.callers):
                    tasks.create_task(self._call(group, random.Random(f"{group.name} {number}")))

    async def _call(self, group: Group, choice: random.Random) -> None:
        """Send requests until the end; if late, catch up for at most a second."""
        kept: Client | None = None
        weights = [kind.weight for kind in group.kinds]
        pause = group.callers / group.per_second
        due = time.monotonic() + choice.uniform(0, pause)
        while due < self._until:
            await asyncio.sleep(due - time.monotonic())
            due = max(due + pause, time.monotonic() - 1)
            (kind,) = choice.choices(group.kinds, weights)
            number = choice.randrange(1000)
            if kind.act is clients.ask and choice.random() < _KEPT:
                kept = await self.send(kind, number, kept, keep_alive=True)
            else:
                await self.send(kind, number, None, keep_alive=False)
        if kept is not None:
            kept.close()

    async def send(
        self, kind: Kind, number: int, client: Client | None, *, keep_alive: bool
    ) -> Client | None:
        """Send a request, judge its response, and return the connection if it stays open."""
        count = self.counts[kind]
        count.sent += 1
        start = time.monotonic()
        request = kind.build(number)
        if not keep_alive:
            request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
        try:
            client = client or await open_client(self._address)
            response = await kind.act(client, request)
            fault = _fault(kind, number, response)
        except (OSError, TimeoutError, httptools.HttpParserError) as error:
            response, fault = None, f"{type(error).__name__}: {error}"
        if fault:
            count.failed += 1
            self.failures = [*self.failures, f"{kind.name}: {fault}"][:_MAX_SHOWN]
        else:
            count.seconds.append(time.monotonic() - start)
        if client is not None and not (keep_alive and response and response.keep_alive):
            client.close()
            return None
        return client


def _fault(kind: Kind, number: int, response: Response | None) -> str:
    """Return what is wrong with a response; empty if it is as expected."""
    if response is None:
        return ""
    if not response.is_complete:
        return f"the response ended after {len(response.body)} bytes, status {response.status}"
    if response.status != kind.status:
        return f"status {response.status} instead of {kind.status}: {response.body[:200]!r}"
    body = json.loads(response.body)
    if kind.expected is not None and body != kind.expected(number):
        return f"another prediction than {kind.expected(number)}: {response.body[:200]!r}"
    return ""
