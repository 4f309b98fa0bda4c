import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.predictor.batching import Batcher, Row
from app.server.traffic import Traffic
from tests.helpers import eventually


class Recorder:
    """A model that answers each row's `x` doubled, and remembers the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self._running = threading.Lock()

    def run(self, row: Row) -> int:
        return self.run_batch([row])[0]

    def run_batch(self, rows: list[Row]) -> list[int]:
        assert self._running.acquire(blocking=False), "called twice at the same time"
        try:
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
        eventually(lambda: batcher._running)
        for count, value in enumerate(values[1:], 1):
            futures.append(pool.submit(batcher, {"x": value}))
            eventually(lambda count=count: len(batcher._waiting) == count)  # type: ignore[misc]
        model.gate.set()
        return [future.exception() or future.result() for future in futures]


def test_a_lone_call_is_run_at_once_and_alone() -> None:
    model = Recorder()
    assert Batcher(model.run, model.run_batch, max_size=8)({"x": 21}) == 42
    assert model.batches == [1]


def test_calls_that_come_meanwhile_form_one_batch_in_order() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=8)
    assert together(model, batcher, [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert model.batches == [1, 3]


def test_no_batch_is_larger_than_allowed() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=2)
    assert together(model, batcher, [1, 2, 3, 4, 5, 6]) == [2, 4, 6, 8, 10, 12]
    assert model.batches == [1, 2, 2, 1]


def test_a_bad_row_fails_alone_and_the_failed_batch_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    model = Recorder()
    first, bad, last = together(model, Batcher(model.run, model.run_batch, max_size=8), [1, -1, 3])
    assert (first, last) == (2, 6)
    assert isinstance(bad, ValueError)
    assert caplog.messages == ["Batch of 2 tried row by row: ValueError: negative"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_batch_with_too_few_or_too_many_results_is_tried_row_by_row(
    count: int, caplog: pytest.LogCaptureFixture
) -> None:
    model = Recorder()

    def miscount(rows: list[Row]) -> list[int]:
        model.batches.append(len(rows))
        return [0] * count

    batcher = Batcher(model.run, miscount, max_size=8)
    assert together(model, batcher, [1, 2, 3]) == [2, 4, 6]
    assert f"run_batch() returned {count} results for 2 rows" in caplog.text


def test_a_call_waits_for_company_when_told_to() -> None:
    model = Recorder()
    batcher = Batcher(model.run, model.run_batch, max_size=3, wait=10)
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(lambda x: batcher({"x": x}), [1, 2, 3])) == [2, 4, 6]
    assert model.batches == [3]


def test_a_batch_waits_for_a_request_that_is_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.predictor.batching._PATIENCE", 10)
    model, traffic = Recorder(), Traffic()
    batcher = Batcher(model.run, model.run_batch, max_size=8, traffic=traffic)
    traffic.expect(1)

    def request() -> int:
        traffic.begin()
        result = batcher({"x": 2})
        assert traffic._count == 1, "it is being answered"
        traffic.end()
        return int(result)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(batcher, {"x": 1})
        eventually(lambda: batcher._waiting)
        second = pool.submit(request)
        assert (first.result(5), second.result(5)) == (2, 4)
    assert model.batches == [2]


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_the_model_reaches_its_caller_and_blocks_nobody(
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
                results.append("refused")
        return results

    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(call, each))


@settings(max_examples=50, deadline=None)
@given(
    each=st.lists(st.lists(st.integers(-2, 1000), max_size=30), min_size=1, max_size=12),
    max_size=st.integers(1, 8),
)
def test_every_caller_gets_its_own_answer_whoever_calls_at_the_same_time(
    each: list[list[int]], max_size: int
) -> None:
    model = Recorder()
    answers = callers(Batcher(model.run, model.run_batch, max_size=max_size), each)
    assert answers == [["refused" if x < 0 else 2 * x for x in values] for values in each]


def test_no_answer_is_lost_doubled_or_swapped_in_a_million_calls() -> None:
    sums = [0] * 16
    traffic = Traffic()
    batches = 0

    def run_batch(rows: list[Row]) -> list[int]:
        nonlocal batches
        batches += 1
        return [2 * row["x"] for row in rows]

    batcher = Batcher(lambda row: 2 * row["x"], run_batch, max_size=8, traffic=traffic)

    def call(number: int) -> None:
        for x in range(number, 1_000_000, len(sums)):
            traffic.expect(1)
            traffic.begin()
            assert batcher({"x": x}) == 2 * x
            sums[number] += 1
            traffic.end()

    with ThreadPoolExecutor(len(sums)) as pool:
        list(pool.map(call, range(len(sums))))
    assert sums == [1_000_000 // len(sums)] * len(sums)
    assert batches > 1000, "calls were joined"
