"""The queue of calls in any order of operations."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.errors import BusyError
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from tests.predictor.test_calls import submit


class QueueMachine(RuleBasedStateMachine):
    """Any order of operations, beside lists that hold what the queue should."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = CallQueue(5, max_batch_size=64, max_bytes=1000)
        self.waiting, self.running = list[Call](), list[Call]()
        self.done, self.expected_done = list[Call](), list[Call]()

    @rule()
    def submit(self) -> None:
        if len(self.waiting) + len(self.running) < 5:
            self.waiting.append(submit(self.queue, done=self.done))
        else:
            with pytest.raises(BusyError):
                submit(self.queue)

    @precondition(lambda self: self.waiting)
    @rule(size=st.integers(1, 6))
    def take(self, size: int) -> None:
        assert self.queue.take(size, 0) == self.waiting[:size]
        self.running += self.waiting[:size]
        del self.waiting[:size]

    @precondition(lambda self: self.waiting or self.running)
    @rule(data=st.data(), settles=st.booleans())
    def end_any(self, data: st.DataObject, settles: bool) -> None:
        call = data.draw(st.sampled_from(self.waiting + self.running))
        if settles:
            self.queue.settle(call)
            self.expected_done.append(call)
        else:
            self.queue.cancel(call)
        for calls in (self.waiting, self.running):
            if call in calls and (settles or calls is self.waiting):
                calls.remove(call)

    @invariant()
    def the_same_calls_are_pending_and_done(self) -> None:
        assert len(self.queue) == len(self.waiting) + len(self.running)
        assert set(self.queue.pending()) == set(self.waiting + self.running)
        assert self.done == self.expected_done


TestAnyOrderOfOperations = QueueMachine.TestCase
TestAnyOrderOfOperations.settings = settings(stateful_step_count=30, deadline=None)
