"""The model's threads and many callers: each gets its own result, once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.codec import Row
from app.errors import PredictionError
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from tests.helpers import eventually
from tests.predictor.calling import Doubling, ask, serve

CALLS = 60_000


@cache
def doubling_queue(max_batch_size: int) -> CallQueue:
    return serve(Doubling(), max_batch_size=max_batch_size)


@settings(max_examples=50, deadline=None)
@given(
    each=st.lists(st.lists(st.integers(-2, 1000), max_size=30), min_size=1, max_size=12),
    max_batch_size=st.integers(1, 8),
    at_once=st.integers(1, 8),
)
def test_every_caller_gets_its_own_result(
    each: list[list[int]], max_batch_size: int, at_once: int
) -> None:
    queue = doubling_queue(max_batch_size)

    def call(values: list[int]) -> list[Any]:
        answers = []
        for start in range(0, len(values), at_once):
            answers += ask(queue, *[{"x": value} for value in values[start : start + at_once]])
        return ["failed" if isinstance(one, PredictionError) else one for one in answers]

    with ThreadPoolExecutor(len(each)) as pool:
        answers = list(pool.map(call, each))
    assert answers == [["failed" if x < 0 else 2 * x for x in values] for values in each]


@pytest.mark.parametrize("threads", [1, 4])
def test_no_result_is_lost_doubled_or_swapped_in_many_calls(threads: int) -> None:
    batches: list[int] = []

    def run_batch(rows: list[Row]) -> list[int]:
        batches.append(len(rows))
        return [2 * row["x"] for row in rows]

    model = SimpleNamespace(run=lambda row: run_batch([row])[0], run_batch=run_batch)
    queue, callers, at_once = serve(model, threads=threads), 16, 5

    def call(number: int) -> int:
        for x in range(number, CALLS, callers * at_once):
            values = range(x, x + callers * at_once, callers)
            assert ask(queue, *[{"x": value} for value in values]) == [2 * x for x in values]
        return len(range(number, CALLS, callers))

    with ThreadPoolExecutor(callers) as pool:
        assert sum(pool.map(call, range(callers))) == CALLS == sum(batches)
    assert max(batches) > 1
    assert len(queue) == 0


def test_a_batch_waits_a_moment_for_callers_that_were_just_answered() -> None:
    sizes: list[int] = []

    def run_batch(rows: list[Row]) -> list[int]:
        sizes.append(len(rows))
        time.sleep(0.05)
        return [row["x"] for row in rows]

    queue = serve(SimpleNamespace(run=lambda row: run_batch([row])[0], run_batch=run_batch))
    ended = SimpleQueue[bool]()

    def ask_again(call: Call) -> None:
        """Ask again a moment after an answer, as a client does."""
        if len(sizes) < 30:
            threading.Timer(0.0005, ask_for, call.rows).start()
        else:
            ended.put(True)

    def ask_for(row: Row) -> None:
        queue.submit(Call([row], "id", ask_again))
        queue.notify()

    for number in range(2):
        ask_for({"x": number})
        eventually(lambda: sizes)  # the second one comes while the first one runs
    ended.get(timeout=30)
    assert sizes.count(2) > 15, sizes
