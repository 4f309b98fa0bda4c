"""The model's thread: batches, failures, and what becomes of each call."""

import gc
import logging
import os
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from app.codec import Row
from app.errors import PredictionError
from app.observability.logs import TextFormatter
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from tests.predictor.calling import Doubling, ask, serve, submit


def ask_together(model: Doubling, queue: CallQueue, values: list[int]) -> list[Any]:
    """Ask for 0, and for the others while the model is busy with it; return the others' answers."""
    model.gate.clear()
    busy = submit(queue, [{"x": 0}])
    assert model.started.wait(10)
    others = submit(queue, [{"x": value} for value in values])
    model.gate.set()
    assert busy() == [0]
    return others()


def test_a_lone_call_is_run_at_once_and_alone() -> None:
    model = Doubling()
    assert ask(serve(model, wait=0), {"x": 21}) == [42]
    assert model.batches == [1]


def test_calls_that_arrive_meanwhile_form_one_batch_in_order() -> None:
    model = Doubling()
    assert ask_together(model, serve(model), [1, 2, 3, 4]) == [2, 4, 6, 8]
    assert model.batches == [1, 4]


def test_no_batch_is_larger_than_allowed() -> None:
    model = Doubling()
    assert ask_together(model, serve(model, max_batch_size=2), [1, 2, 3, 4, 5]) == [2, 4, 6, 8, 10]
    assert model.batches == [1, 2, 2, 1]


def test_a_batch_waits_until_it_is_full() -> None:
    model = Doubling()
    queue = serve(model, max_batch_size=3, wait=600)
    waiting = [submit(queue, [{"x": value}]) for value in (1, 2, 3)]
    assert [answers() for answers in waiting] == [[2], [4], [6]]
    assert model.batches == [3]


def test_a_model_without_run_batch_gets_one_row_at_a_time_and_waits_for_no_other() -> None:
    queue = serve(SimpleNamespace(run=lambda row: row["x"]), wait=600)
    assert ask(queue, {"x": 1}, {"x": 2}) == [1, 2]


def test_a_row_that_fails_does_not_fail_its_batch_and_is_logged_with_its_own_id(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caplog.handler, "formatter", TextFormatter())
    caplog.set_level(logging.WARNING)
    model = Doubling()
    first, bad, last = ask_together(model, serve(model), [1, -1, 3])
    assert (first, last) == (2, 6)
    assert isinstance(bad, PredictionError)
    assert isinstance(bad.__cause__, ValueError)
    batch, row = [line for line in caplog.text.splitlines() if line.startswith("20")]
    assert batch.endswith("ValueError: negative; retrying 3 rows one by one [id-1, id-2, id-3]")
    assert row.endswith("ValueError: negative [id-2]")
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("results", [[], [1], [1, 2, 3], "ab", {"a": 1, "b": 2}])
def test_a_batch_without_one_result_per_row_is_retried_one_by_one(
    results: Any, caplog: pytest.LogCaptureFixture
) -> None:
    model = SimpleNamespace(run=lambda row: row["x"], run_batch=lambda _rows: results)
    assert ask(serve(model), {"x": 1}, {"x": 2}) == [1, 2]
    assert "run_batch() returned" in caplog.text


def raise_(error: BaseException) -> Any:
    raise error


def with_method(name: str, raised: BaseException, *bases: type) -> Any:
    """Return an object of a class with a method that raises."""
    return type("Odd", bases, {name: lambda _self: raise_(raised)})()


def containing_itself() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


FAULTS: dict[str, Callable[[], Any]] = {
    "ValueError": lambda: raise_(ValueError("why")),
    "SystemExit": lambda: raise_(SystemExit(1)),
    "KeyboardInterrupt": lambda: raise_(KeyboardInterrupt()),
    "GeneratorExit": lambda: raise_(GeneratorExit()),
    "MemoryError": lambda: raise_(MemoryError()),
    "RecursionError": lambda: raise_(RecursionError()),
    "text raises": lambda: raise_(with_method("__str__", ValueError(), Exception)),
    "text exits": lambda: raise_(with_method("__str__", SystemExit(), Exception)),
    "another call's error": lambda: raise_(PredictionError("mine")),
    "10**400": lambda: 10**400,
    "tolist raises": lambda: with_method("tolist", ValueError("why")),
    "tolist exits": lambda: with_method("tolist", SystemExit(1)),
    "object": object,
    "contains itself": containing_itself,
}


def faulty(row: Row) -> Any:
    return FAULTS[row["fault"]]() if "fault" in row else row["x"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("has_batch", [True, False])
def test_whatever_is_raised_each_call_is_settled_and_later_ones_work(
    fault: str, has_batch: bool
) -> None:
    batch = {"run_batch": lambda rows: [faulty(row) for row in rows]} if has_batch else {}
    queue = serve(SimpleNamespace(run=faulty, **batch))
    for _ in range(2):
        (alone,) = ask(queue, {"fault": fault})
        first, among, last = ask(queue, {"x": 1}, {"fault": fault}, {"x": 3})
        assert (first, last) == (1, 3)
        assert isinstance(alone, PredictionError)
        assert isinstance(among, PredictionError)
    assert len(queue) == 0


def test_an_error_of_the_service_fails_its_batch_and_not_the_thread(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = Doubling()
    queue = serve(model)
    queue.submit(Call([{"x": 1}], "", lambda _call: raise_(OSError("the loop is closed"))))
    (same_batch,) = ask(queue, {"x": 2})
    assert isinstance(same_batch, PredictionError)
    assert isinstance(same_batch.__cause__, OSError)
    assert "An error of the service" in caplog.text
    assert ask(queue, {"x": 3}) == [6]


def places() -> set[tuple[int, int]]:
    """Return the processes and threads that joblib uses."""
    place = joblib.delayed(lambda: (os.getpid(), threading.get_ident()))
    return set(joblib.Parallel(n_jobs=2)(place() for _ in range(20)))


def test_joblib_starts_no_pool_within_a_call_unless_the_call_asks_for_one() -> None:
    def run(row: Row) -> dict[str, bool]:
        own = {(os.getpid(), threading.get_ident())}
        if not row:
            return {"own": places() == own}
        with joblib.parallel_config(**row):
            return {"own": places() == own}

    queue = serve(SimpleNamespace(run=run), threads=2)
    rows: list[Row] = [{}, {"backend": "threading"}, {}, {}]
    assert [answer["own"] for answer in ask(queue, *rows)] == [True, False, True, True]
    with joblib.parallel_config(backend="threading"):
        assert (os.getpid(), threading.get_ident()) not in places(), "it applies to calls alone"


def test_a_parallel_estimator_answers_as_ever() -> None:
    features = np.random.default_rng(0).random((50, 3))
    forest = RandomForestClassifier(5, n_jobs=2, random_state=0).fit(features, features[:, 0] > 0.5)
    expected = forest.predict_proba(features)
    queue = serve(SimpleNamespace(run=lambda _row: forest.predict_proba(features)))
    assert ask(queue, {}) == [expected.tolist()]


def test_an_error_keeps_no_call_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    """Its traceback would know the rows of the request, up to MAX_CONTENT_LENGTH of them."""
    caplog.set_level(logging.CRITICAL)  # else its records know the errors
    queue = serve(Doubling())
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            assert isinstance(ask(queue, {"x": -0.125})[0], PredictionError)
        ask(queue, {"x": 1})  # until its thread has left the calls before
        kept = [it for it in gc.get_objects() if type(it) is Call and it.rows == [{"x": -0.125}]]
        assert len(kept) == 0
    finally:
        gc.enable()
