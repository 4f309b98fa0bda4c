"""A call of the model: the rows of one request, and what becomes of them."""

import time
from collections.abc import Callable
from typing import TypeAlias

from app.codec import Row
from app.errors import RequestError
from app.observability.traces import Trace

# A row's prediction as JSON, or why there is none.
Outcome: TypeAlias = bytes | RequestError


class Call:
    """The rows of one request, which wait for their predictions.

    Attributes:
        rows: the valid input.
        request_id: of the request that asks, for the log.
        on_done: called with the call once it is settled, in any thread; must not raise.
        needs_all: whether the error of one row leaves the others without a use.
        size: bytes of the body.
        read_again: returns the rows as they came, after `run_batch()` may have changed them.
        started: the monotonic time at which a thread took it, or None.
        is_by_row: whether `run_batch()` has failed for it, or is not there.
        is_abandoned: whether nobody waits for it any more.
        predictions: of all rows, as a JSON array; empty where there are but outcomes.
        outcomes: what has become of each row, as far as they have been predicted.
        failed: the number of errors among them.
        error: why there are no outcomes at all.
        trace: of the request; None where it is not traced.

    """

    __slots__ = (
        "arrived",
        "error",
        "failed",
        "is_abandoned",
        "is_by_row",
        "needs_all",
        "on_done",
        "outcomes",
        "predictions",
        "read_again",
        "request_id",
        "rows",
        "size",
        "started",
        "trace",
    )

    def __init__(
        self,
        rows: list[Row],
        request_id: str,
        on_done: Callable[["Call"], None],
        *,
        needs_all: bool = True,
        read_again: Callable[[], list[Row]] | None = None,
    ) -> None:
        """Ask for the predictions of `rows`."""
        self.rows = rows
        self.size = 0
        self.read_again = read_again
        self.request_id = request_id
        self.on_done = on_done
        self.needs_all = needs_all
        self.arrived = time.monotonic()
        self.started: float | None = None
        self.is_by_row = False
        self.is_abandoned = False
        self.predictions = b""
        self.outcomes: list[Outcome] = []
        self.failed = 0
        self.error: RequestError | None = None
        self.trace: Trace | None = None
