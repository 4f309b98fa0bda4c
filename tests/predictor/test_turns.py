"""Calls of many rows beside those of few: each kind gets its turn."""

import time
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest

from app.codec import Row
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from tests.helpers import eventually
from tests.predictor.calling import Doubling, answers_of, serve

MAX_BATCH_SIZE = 8


def rows_from(start: int, count: int) -> list[Row]:
    return [{"x": start + number} for number in range(count)]


def submit(queue: CallQueue, done: SimpleQueue[Call], *sizes: int) -> list[Call]:
    """Submit a call of each number of rows."""
    calls = [Call(rows_from(0, size), str(size), done.put) for size in sizes]
    for call in calls:
        queue.submit(call)
    queue.notify()
    return calls


def served(model: Doubling, *sizes: int) -> list[int]:
    """Submit calls of these numbers of rows while the model is busy; return the sizes of batches."""
    queue, done = serve(model, max_batch_size=MAX_BATCH_SIZE), SimpleQueue[Call]()
    model.gate.clear()
    submit(queue, done, 1)
    assert model.started.wait(10)
    calls = submit(queue, done, *sizes)
    model.gate.set()
    for _ in range(len(sizes) + 1):
        done.get(timeout=30)
    for call in calls:
        assert answers_of(call) == [2 * row["x"] for row in call.rows]
    return model.batches[1:]


def test_calls_of_few_rows_are_joined_up_to_the_maximum_batch_size() -> None:
    assert served(Doubling(), 3, 1, 4, 2, 7) == [8, 2, 7]


def test_a_call_of_many_rows_is_one_batch_of_its_own() -> None:
    assert served(Doubling(), 1, 1000, 1) == [1000, 2]


def test_calls_of_few_rows_wait_for_one_call_of_many_at_most() -> None:
    assert served(Doubling(), 100, 200, 300, *[1] * 24) == [100, 8, 200, 8, 300, 8]


def test_calls_of_many_rows_are_not_held_up_by_those_of_few() -> None:
    assert served(Doubling(), *[1] * 40, 100, 200) == [100, 8, 200, 8, 8, 8, 8]


class SlowRows:
    """A model without run_batch(), which records the rows that it gets."""

    def __init__(self, seconds: float) -> None:
        self.rows: list[int] = []
        self.seconds = seconds

    def run(self, row: Row) -> int:
        self.rows.append(row["x"])
        time.sleep(self.seconds)
        return int(row["x"])


def test_a_call_goes_from_row_to_row_while_others_get_their_turns() -> None:
    model = SlowRows(0.005)
    queue, done = serve(model), SimpleQueue[Call]()
    (large,) = submit(queue, done, 100)
    eventually(lambda: model.rows)
    (other,) = submit(queue, done, 100)
    (small,) = submit(queue, done, 1)
    assert done.get(timeout=30) is small
    assert len(large.outcomes) < 30
    assert {done.get(timeout=30), done.get(timeout=30)} == {large, other}
    assert answers_of(large) == list(range(100))


def test_a_call_whose_run_batch_fails_goes_on_row_by_row() -> None:
    batches = []

    class Failing(SlowRows):
        def run_batch(self, rows: list[Row]) -> list[Any]:
            batches.append(len(rows))
            raise ValueError

    model = Failing(0.005)
    queue, done = serve(model), SimpleQueue[Call]()
    (call,) = submit(queue, done, 20)
    assert done.get(timeout=30) is call
    assert answers_of(call) == list(range(20))
    assert batches == [20]


def test_rows_that_nobody_waits_for_any_more_are_not_predicted() -> None:
    model = SlowRows(0.005)
    queue, done = serve(model), SimpleQueue[Call]()
    (call,) = submit(queue, done, 10_000)
    eventually(lambda: len(model.rows) > 10)
    queue.cancel(call)
    eventually(lambda: len(queue) == 0)
    predicted = len(model.rows)
    submit(queue, done, 1)
    done.get(timeout=30)
    assert len(model.rows) == predicted + 1


def test_a_call_between_two_turns_makes_progress_for_the_watchdog() -> None:
    queue = CallQueue(10, max_batch_size=MAX_BATCH_SIZE, max_bytes=1000)
    call = Call(rows_from(0, 2), "", lambda _call: None)
    queue.submit(call)
    assert queue.take(1, 0) == [call]
    queue.wait_again(call)
    assert queue.seconds_without_progress() < 5
    assert queue.take(1, 0) == [call]


def test_threads_share_calls_of_many_rows() -> None:
    model = SlowRows(0.002)
    queue, done = serve(model, threads=3), SimpleQueue[Call]()
    calls = submit(queue, done, *[50] * 6)
    for _ in calls:
        done.get(timeout=30)
    for call in calls:
        assert answers_of(call) == list(range(50))
    assert len(model.rows) == 300


@pytest.mark.parametrize(("needs_all", "predicted"), [(True, 3), (False, 5)])
def test_after_a_failure_the_other_rows_are_predicted_where_they_have_a_use(
    needs_all: bool, predicted: int
) -> None:
    rows: list[int] = []

    def run(row: Row) -> int:
        rows.append(row["x"])
        return 1 // int(row["x"] - 2)

    queue, done = serve(SimpleNamespace(run=run)), SimpleQueue[Call]()
    queue.submit(Call(rows_from(0, 5), "", done.put, needs_all=needs_all))
    queue.notify()
    call = done.get(timeout=30)
    assert (rows, call.failed) == (list(range(predicted)), 1)
