"""Traffic: who waits for whom before a batch is run."""

import threading
import time
from collections.abc import Callable

import pytest

from app.server.traffic import Traffic
from tests.helpers import eventually

LONG = 10.0


def in_thread(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def waits(traffic: Traffic, seconds: float = LONG) -> threading.Thread:
    """Return a thread that waits until the traffic is quiet."""
    return in_thread(lambda: traffic.wait_until_quiet(seconds))


def is_quiet(traffic: Traffic) -> bool:
    start = time.monotonic()
    traffic.wait_until_quiet(0.2)
    return time.monotonic() - start < 0.1


def test_without_requests_nobody_waits() -> None:
    assert is_quiet(Traffic())


def test_a_request_counts_from_when_it_is_expected() -> None:
    traffic = Traffic()
    traffic.expect(1)
    waiter = waits(traffic)
    waiter.join(0.05)
    assert waiter.is_alive()
    traffic.begin()
    traffic.end()
    waiter.join(LONG / 2)
    assert not waiter.is_alive()


def test_a_request_does_not_count_while_it_waits_for_the_model() -> None:
    traffic = Traffic()
    traffic.expect(1)
    traffic.begin()
    traffic.enter_model()
    assert is_quiet(traffic)
    traffic.expect(1)
    traffic.leave_model()
    assert traffic._count == 1
    traffic.end()
    assert is_quiet(traffic)


def test_a_request_may_ask_the_model_twice_or_never() -> None:
    traffic = Traffic()
    for times in (0, 1, 2):
        traffic.expect(1)
        traffic.begin()
        for _ in range(times):
            traffic.enter_model()
            traffic.expect(1)
            traffic.leave_model()
        assert traffic._count == 1
        traffic.end()
        assert traffic._count == 0


def test_a_thread_without_a_request_changes_nothing() -> None:
    traffic = Traffic()
    assert not traffic.counts()
    traffic.enter_model()
    traffic.end()
    assert traffic._count == 0


def test_a_request_that_stalls_is_waited_for_once() -> None:
    traffic = Traffic()
    traffic.expect(1)
    traffic.begin()
    traffic.wait_until_quiet(0.01)
    assert is_quiet(traffic), "the stalled one is not waited for again"
    traffic.expect(1)
    assert traffic._count == 2
    waiter = waits(traffic)
    waiter.join(0.05)
    assert waiter.is_alive(), "but another one is"
    traffic.end()
    waiter.join(LONG / 2)
    assert not waiter.is_alive()


@pytest.mark.parametrize("count", [1, 8])
def test_whatever_the_threads_do_the_count_ends_at_nought(count: int) -> None:
    traffic = Traffic()

    def work() -> None:
        for _ in range(500):
            traffic.expect(1)
            traffic.begin()
            traffic.enter_model()
            traffic.expect(1)
            traffic.leave_model()
            traffic.end()

    threads = [in_thread(work) for _ in range(count)]
    for _ in range(20):
        traffic.wait_until_quiet(0.001)
    for thread in threads:
        thread.join()
    eventually(lambda: traffic._count == 0 and is_quiet(traffic))
