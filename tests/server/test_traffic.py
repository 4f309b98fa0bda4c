"""Traffic: when a batch waits for the requests of other threads."""

import threading
import time
from collections.abc import Callable

import pytest

from app.server.traffic import Traffic

LONG = 10.0


def in_thread(function: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def is_quiet(traffic: Traffic) -> bool:
    start = time.monotonic()
    traffic.wait_until_quiet(0.2)
    return time.monotonic() - start < 0.1


def check_waits_until(traffic: Traffic, action: Callable[[], None]) -> None:
    """Check that a waiting thread waits before `action`, and no longer after it."""
    waiter = in_thread(lambda: traffic.wait_until_quiet(LONG))
    waiter.join(0.05)
    assert waiter.is_alive()
    action()
    waiter.join(LONG / 2)
    assert not waiter.is_alive()


def check_counts_from_zero(traffic: Traffic) -> None:
    """Check that no request is counted: two more are waited for, until both end."""
    assert is_quiet(traffic)
    traffic.expect(2)
    traffic.begin()
    traffic.end()
    traffic.begin()
    check_waits_until(traffic, traffic.end)


def test_without_requests_a_batch_does_not_wait() -> None:
    assert is_quiet(Traffic())


def test_a_request_counts_as_soon_as_it_is_expected() -> None:
    traffic = Traffic()
    traffic.expect(1)

    def handle() -> None:
        traffic.begin()
        traffic.end()

    check_waits_until(traffic, handle)


def test_a_request_does_not_count_while_it_waits_for_the_model() -> None:
    traffic = Traffic()
    traffic.expect(1)
    traffic.begin()
    traffic.enter_model()
    assert is_quiet(traffic)
    traffic.expect(1)
    traffic.leave_model()
    check_waits_until(traffic, traffic.end)
    check_counts_from_zero(traffic)


def test_a_request_may_call_the_model_twice_or_never() -> None:
    traffic = Traffic()
    for times in (0, 1, 2):
        traffic.expect(1)
        traffic.begin()
        for _ in range(times):
            traffic.enter_model()
            traffic.expect(1)
            traffic.leave_model()
        check_waits_until(traffic, traffic.end)
        check_counts_from_zero(traffic)


def test_a_thread_without_a_request_changes_nothing() -> None:
    traffic = Traffic()
    assert not traffic.counts()
    traffic.expect(1)
    traffic.enter_model()
    traffic.end()
    traffic.begin()
    check_waits_until(traffic, traffic.end)
    check_counts_from_zero(traffic)


def test_a_request_ends_only_once() -> None:
    traffic = Traffic()
    traffic.expect(2)
    traffic.begin()
    traffic.end()
    traffic.end()
    traffic.begin()
    check_waits_until(traffic, traffic.end)


def test_a_request_that_stalls_is_waited_for_once() -> None:
    traffic = Traffic()
    traffic.expect(1)
    traffic.begin()
    traffic.wait_until_quiet(0.01)
    assert is_quiet(traffic), "the stalled request is not waited for again"
    traffic.expect(1)
    check_waits_until(traffic, traffic.end)
    traffic.begin()
    traffic.end()
    check_counts_from_zero(traffic)


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize("seconds", [0.001, LONG])  # with and without stalled requests
def test_concurrent_threads_leave_the_count_at_zero(count: int, seconds: float) -> None:
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
        traffic.wait_until_quiet(seconds)
    for thread in threads:
        thread.join()
    check_counts_from_zero(traffic)
