import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.codec import Row
from app.predictor.batching import Batcher
from app.server.traffic import Traffic
from tests.helpers import eventually

CALLS = 200_000


class Recorder:
    """A model that doubles each row's `x`, and records the size of each batch."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.started = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._running = threading.Lock()

    def run(self, row: Row) -> int:
        return self.run_batch([row])[0]

    def run_batch(self, rows: list[Row]) -> list[int]:
        assert self._running.acquire(blocking=False), "called twice at the same time"
        try:
            self.started.set()
            self.gate.wait(10)
            self.batches.append(len(rows))
            if any(row["x"] < 0 for row in rows):
                raise ValueError("negative")
            return [2 * row["x"] for row in rows]
        finally:
            self._running.release()


def together(model: Recorder, batcher: Batcher, values: list[int]) -> list[Any]:
    """Call with the first value, and with the others while the model is busy with it."""
    model.gate.clear()
    with ThreadPoolExecutor(len(values)) as pool:
        futures = [pool.submit(batcher, {"x": values[0]})]
        assert model.started.wait(10)
        for count, value in enumerate(values[1:], 1):
            futures.append(pool.submit(batcher, {"x": value}))
            eventually(lambda count=count: batcher.waiting == count)  # type: ignore[misc]
        model.gate.set()
        return [future.exception() or future.result() for future in futures]


def test_a_lone_call_is_run_at_once_and_alone() -> None:
    model = Recorder()
    assert Batcher(model.run, model.run_batch, max_size=8)({"x": 21}) == 42
    assert model.batches == [1]


def test_calls_that_arrive_meanwhile_form_one_batch_in_order() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=8)
    assert together(model, batcher, [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert model.batches == [1, 3]


def test_no_batch_is_larger_than_allowed() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=2)
    assert together(model, batcher, [1, 2, 3, 4, 5, 6]) == [2, 4, 6, 8, 10, 12]
    assert model.batches == [1, 2, 2, 1]


def test_a_row_that_fails_does_not_fail_its_batch_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    model = Recorder()
    first, bad, last = together(model, Batcher(model.run, model.run_batch, max_size=8), [1, -1, 3])
    assert (first, last) == (2, 6)
    assert isinstance(bad, ValueError)
    assert caplog.messages == [
        "run_batch() failed for 2 rows, retrying one by one: ValueError: negative"
    ]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_with_too_few_or_too_many_results_is_retried_one_by_one(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = Recorder()

    def miscount(rows: list[Row]) -> list[int]:
        model.batches.append(len(rows))
        return [0] * count

    batcher = Batcher(model.run, miscount, max_size=8)
    assert together(model, batcher, [1, 2, 3]) == [2, 4, 6]
    assert f"run_batch() returned {count} results for 2 rows" in caplog.text


def test_a_call_waits_for_its_batch_to_fill() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=3, wait=10)
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(lambda x: batcher({"x": x}), [1, 2, 3])) == [2, 4, 6]
    assert model.batches == [3]


def test_a_batch_waits_for_a_request_that_is_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.predictor.batching._IDLE_TIMEOUT", 10)
    model, traffic = Recorder(), Traffic()
    batcher = Batcher(model.run, model.run_batch, max_size=8, requests=traffic)
    traffic.expect(1)

    def request() -> int:
        traffic.begin()
        result = batcher({"x": 2})
        traffic.end()
        return int(result)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(batcher, {"x": 1})
        eventually(lambda: batcher.waiting)
        second = pool.submit(request)
        assert (first.result(5), second.result(5)) == (2, 4)
    assert model.batches == [2]


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_the_model_reaches_its_caller_and_blocks_no_other(
    raised: type[BaseException],
) -> None:
    def run(_row: Row) -> Any:
        raise raised

    batcher = Batcher(run, lambda rows: [run(row) for row in rows], max_size=8)
    for _ in range(2):
        with pytest.raises(raised):
            batcher({"x": 1})


def callers(batcher: Callable[[Row], Any], each: list[list[int]]) -> list[list[Any]]:
    def call(values: list[int]) -> list[Any]:
        results = []
        for value in values:
            try:
                results.append(batcher({"x": value}))
            except ValueError:
                results.append("failed")
        return results

    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(call, each))


@settings(max_examples=50, deadline=None)
@given(
    each=st.lists(st.lists(st.integers(-2, 1000), max_size=30), min_size=1, max_size=12),
    max_size=st.integers(1, 8),
)
def test_every_caller_gets_its_own_result(each: list[list[int]], max_size: int) -> None:
    model = Recorder()
    answers = callers(Batcher(model.run, model.run_batch, max_size=max_size), each)
    assert answers == [["failed" if x < 0 else 2 * x for x in values] for values in each]


def test_no_result_is_lost_doubled_or_swapped_in_many_calls() -> None:
    sums = [0] * 16
    traffic = Traffic()
    batches = 0

    def run_batch(rows: list[Row]) -> list[int]:
        nonlocal batches
        batches += 1
        return [2 * row["x"] for row in rows]

    batcher = Batcher(lambda row: 2 * row["x"], run_batch, max_size=8, requests=traffic)

    def call(number: int) -> None:
        for x in range(number, CALLS, len(sums)):
            traffic.expect(1)
            traffic.begin()
            assert batcher({"x": x}) == 2 * x
            sums[number] += 1
            traffic.end()

    with ThreadPoolExecutor(len(sums)) as pool:
        list(pool.map(call, range(len(sums))))
    assert sums == [CALLS // len(sums)] * len(sums)
    assert batches > 1000, "calls were joined"
