import contextlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from app.errors import BusyError, NotReadyError, TimedOutError
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from tests.helpers import eventually


class Clock:
    """What the queue needs of the module `time`; the test sets it."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("call", "calls"):
        monkeypatch.setattr(f"app.predictor.{module}.time", clock)
    return clock


def submit(queue: CallQueue, number: int = 0, done: list[Call] | None = None) -> Call:
    call = Call([{"number": number}], f"id-{number}", ([] if done is None else done).append)
    queue.submit(call)
    return call


def take_in_thread(queue: CallQueue, max_size: int, wait: float = 0) -> SimpleQueue[list[Call]]:
    """Take a batch in another thread; return where it is put."""
    batch = SimpleQueue[list[Call]]()
    threading.Thread(target=lambda: batch.put(queue.take(max_size, wait)), daemon=True).start()
    return batch


def test_calls_are_taken_in_the_order_of_their_arrival() -> None:
    queue = CallQueue(10, max_batch_size=64, max_bytes=1000)
    calls = [submit(queue, number) for number in range(5)]
    assert [queue.take(3, 0), queue.take(3, 0)] == [calls[:3], calls[3:]]


def test_no_more_calls_than_allowed_are_pending_until_one_ends() -> None:
    queue = CallQueue(2, max_batch_size=64, max_bytes=1000)
    running, waiting = submit(queue), submit(queue)
    queue.take(1, 0)
    for call in (running, waiting):
        with pytest.raises(BusyError, match=r"^Server Busy$"):
            submit(queue)
        queue.settle(call)
        submit(queue)
    assert len(queue) == 2


def test_no_more_bytes_than_allowed_are_pending_but_those_of_one_call() -> None:
    queue = CallQueue(10, max_batch_size=64, max_bytes=1000)

    def submit_sized(size: int) -> Call:
        call = Call([{}], "", lambda _call: None)
        call.size = size
        queue.submit(call)
        return call

    large = submit_sized(2000)
    for size in (1, 2000):
        with pytest.raises(BusyError):
            submit_sized(size)
    queue.settle(large)
    queue.settle(large)
    first = submit_sized(600)
    submit_sized(400)
    with pytest.raises(BusyError):
        submit_sized(1)
    queue.cancel(first)
    submit_sized(600)


def test_many_threads_get_no_more_places_than_there_are() -> None:
    queue = CallQueue(1000, max_batch_size=64, max_bytes=1000)

    def fill(_thread: int) -> None:
        with contextlib.suppress(BusyError):
            while True:
                submit(queue)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fill, range(8)))
    assert len(queue.take(2000, 0)) == len(queue) == 1000


def test_a_call_is_settled_once() -> None:
    queue, done = CallQueue(1, max_batch_size=64, max_bytes=1000), list[Call]()
    call = submit(queue, done=done)
    queue.settle(call)
    queue.settle(call)
    queue.settle(call, error=TimedOutError())
    assert done == [call]
    assert call.error is None


def test_a_call_that_many_threads_settle_is_settled_by_one_of_them() -> None:
    queue, done = CallQueue(1000, max_batch_size=64, max_bytes=1000), list[Call]()
    calls = [submit(queue, number, done) for number in range(1000)]

    def settle_all(_thread: int) -> None:
        for call in calls:
            queue.settle(call)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(settle_all, range(8)))
    assert Counter(done) == Counter(calls)
    assert len(queue) == 0


def test_a_call_that_is_cancelled_while_it_waits_is_not_taken_and_frees_its_place() -> None:
    queue, done = CallQueue(2, max_batch_size=64, max_bytes=1000), list[Call]()
    cancelled, other = submit(queue, 1, done), submit(queue, 2, done)
    queue.cancel(cancelled)
    newest = submit(queue, 3, done)
    assert queue.take(8, 0) == [other, newest]
    queue.settle(cancelled)
    assert done == []


def test_a_call_that_is_cancelled_while_it_runs_keeps_its_place_until_it_ends() -> None:
    queue, done = CallQueue(1, max_batch_size=64, max_bytes=1000), list[Call]()
    call = submit(queue, done=done)
    queue.take(1, 0)
    queue.cancel(call)
    assert queue.pending() == [call]
    queue.settle(call)
    assert (len(queue), done) == (0, [call])
    queue.cancel(call)
    assert done == [call]


def test_a_waiting_call_is_late_since_it_came_or_another_was_taken(clock: Clock) -> None:
    queue = CallQueue(3, max_batch_size=64, max_bytes=1000)
    assert queue.seconds_without_progress() == 0
    first = submit(queue)
    clock.now += 30
    assert queue.seconds_without_progress() == 30
    submit(queue)
    submit(queue)
    queue.take(1, 0)
    queue.settle(first)
    clock.now += 5
    assert queue.seconds_without_progress() == 5, "since the first was taken"
    queue.take(1, 0)
    assert queue.seconds_without_progress() == 0


def test_a_running_call_is_late_since_it_was_taken(clock: Clock) -> None:
    queue = CallQueue(2, max_batch_size=64, max_bytes=1000)
    stuck = submit(queue)
    clock.now += 30
    queue.take(1, 0)
    clock.now += 7
    submit(queue)
    queue.take(1, 0)
    clock.now += 1
    assert queue.seconds_without_progress() == 8, "though another thread took a call"
    queue.settle(stuck, error=NotReadyError())
    assert queue.seconds_without_progress() == 1


def test_a_batch_fills_until_it_is_as_large_as_allowed() -> None:
    queue = CallQueue(10, max_batch_size=64, max_bytes=1000)
    batch = take_in_thread(queue, 3, wait=600)
    calls = [submit(queue)]
    queue.notify()
    calls += [submit(queue, number) for number in (1, 2, 3)]
    queue.notify()
    assert batch.get(timeout=20) == calls[:3]
    assert queue.take(3, 0) == calls[3:]


def test_a_batch_that_does_not_fill_in_time_is_returned_as_it_is() -> None:
    queue = CallQueue(10, max_batch_size=64, max_bytes=1000)
    calls = [submit(queue), submit(queue)]
    queue.notify()
    assert queue.take(3, 0.01) == calls


def test_one_wake_up_is_enough_for_all_idle_threads() -> None:
    queue = CallQueue(10, max_batch_size=64, max_bytes=1000)
    batches = [take_in_thread(queue, 2) for _ in range(3)]
    calls = [submit(queue, number) for number in range(6)]
    queue.notify()
    taken = [call for batch in batches for call in batch.get(timeout=20)]
    assert Counter(taken) == Counter(calls)


def test_no_wake_up_is_lost_between_threads() -> None:
    queue, done = CallQueue(100_000, max_batch_size=64, max_bytes=1000), list[Call]()

    def work() -> None:
        while True:
            queue.settle(queue.take(1, 0)[0])

    for _ in range(4):
        threading.Thread(target=work, daemon=True).start()

    def submit_all(submitter: int) -> None:
        for number in range(2000):
            call = submit(queue, submitter, done)
            queue.notify()
            if number % 10 == 0:  # let the threads become idle, time and again
                eventually(lambda call=call: call not in queue.pending())  # type: ignore[misc]

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(submit_all, range(3)))
    eventually(lambda: len(done) == 6000)
