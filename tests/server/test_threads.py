"""app/server/threads.py: calls that wait for a thread are bounded, and all that wait are made."""

from threading import Event

import pytest

from app.errors import BusyError
from app.server.threads import Threads
from tests.helpers import eventually

_WAIT = 10  # seconds


def test_calls_beyond_the_bound_are_refused_and_those_that_wait_are_made_in_order() -> None:
    threads = Threads("test", 1)
    accepted: list[int] = []
    called: list[int] = []
    started, may_end = Event(), Event()

    def occupy() -> None:
        started.set()
        may_end.wait(_WAIT)

    def submit_many() -> None:
        for number in range(10_000):
            threads.submit(called.append, number)
            accepted.append(number)

    threads.submit(occupy)
    assert started.wait(_WAIT)
    with pytest.raises(BusyError):
        submit_many()
    assert accepted
    may_end.set()
    eventually(lambda: called == accepted)
    threads.submit(called.append, -1)  # there are places again
    eventually(lambda: called[-1] == -1)


def test_a_thread_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    threads, called = Threads("test", 1), Event()
    threads.submit([].remove, "missing")
    threads.submit(called.set)
    assert called.wait(_WAIT)
    assert "An error of the service" in caplog.text
