"""The model in a process: its states, its threads, predictions, giving up."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings
from app.errors import BusyError, NotReadyError, PredictionError, RequestError, TimedOutError
from app.predictor.call import Call
from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.helpers import GATED, eventually, write_module
from tests.predictor.calling import answers_of

RUN = "def run(input_data): return input_data\n"


class Prediction:
    """A prediction that is asked for, and may be waited for."""

    def __init__(self, predictor: Predictor, row: dict[str, Any]) -> None:
        self.done = threading.Event()
        self.call = Call([row], "", lambda _call: self.done.set())
        predictor.submit(self.call)
        predictor.calls.notify()

    def error(self) -> RequestError | None:
        assert self.done.wait(20)
        (answer,) = answers_of(self.call) if self.call.error is None else (self.call.error,)
        return answer if isinstance(answer, RequestError) else None

    def result(self) -> Any:
        if error := self.error():
            raise error
        return answers_of(self.call)[0]


def predict(predictor: Predictor, row: dict[str, Any]) -> Any:
    return Prediction(predictor, row).result()


def predictor_of(folder: Path, source: str, **settings: float | bool | str) -> Predictor:
    write_module(folder, source)
    return Predictor(Settings(**{"MODEL_DIR": str(folder), "INIT_RETRIES": 0, **settings}))  # type: ignore[arg-type]


def loaded(folder: Path, source: str, **settings: float | bool | str) -> Predictor:
    """Return a predictor that is ready, or has failed."""
    predictor = predictor_of(folder, source, **settings)
    predictor.load()
    return predictor


def test_a_model_is_loading_then_ready_then_draining(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    states = [predictor.status]
    predictor.load()
    states.append(predictor.status)
    predictor.drain()
    states.append(predictor.status)
    assert [status.state for status in states] == [State.LOADING, State.READY, State.DRAINING]
    assert [status.since for status in states] == sorted(status.since for status in states)


def test_a_module_without_init_has_nothing_to_load(tmp_path: Path) -> None:
    assert predict(loaded(tmp_path, RUN), {"a": 1}) == {"a": 1}


def test_init_runs_once_and_after_sample(tmp_path: Path) -> None:
    source = """
        calls = []
        def sample(): calls.append("sample"); return {"a": 1}
        def init(): calls.append("init")
        def run(input_data): return calls
    """
    predictor = loaded(tmp_path, source)
    assert predict(predictor, {}) == predict(predictor, {}) == ["sample", "init"]


THREADS = """
    import threading
    threads = [threading.get_ident()]
    def note(): threads.append(threading.get_ident())
    def init(): note()
    def sample(): return {"a": 1}
    def run(input_data): note(); return threads
    def run_batch(rows): note(); return [threads for _ in rows]
"""


def test_import_init_self_test_and_every_call_run_in_one_thread(tmp_path: Path) -> None:
    predictor = loaded(tmp_path, THREADS)
    predict(predictor, {})
    waiting = [Prediction(predictor, {}) for _ in range(20)]
    assert all(len(set(prediction.result())) == 1 for prediction in waiting)
    threads = predict(predictor, {})
    assert len(threads) > 5
    assert set(threads).isdisjoint({threading.get_ident()})


def test_each_of_several_threads_runs_the_self_test_before_the_model_is_ready(
    tmp_path: Path,
) -> None:
    source = """
        import threading
        together = threading.Barrier(2)
        threads = set()
        def sample(): return {"a": 1}
        def run(input_data):
            threads.add(threading.get_ident())
            if len(threads) > 1: together.wait(20)
            return len(threads)
    """
    predictor = loaded(tmp_path, source, THREADS=3)
    assert predictor.status.state is State.READY, "two threads have met in the self-test"
    waiting = [Prediction(predictor, {}) for _ in range(2)]
    assert [prediction.result() for prediction in waiting] == [3, 3]


def test_a_self_test_that_fails_in_one_of_several_threads_fails_the_load(tmp_path: Path) -> None:
    source = """
        import threading
        threads = set()
        def sample(): return {"a": 1}
        def run(input_data):
            threads.add(threading.get_ident())
            if len(threads) == 3: raise ValueError("secret")
    """
    predictor = loaded(tmp_path, source, THREADS=3)
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason == (
        "Self-test with sample(): run() failed at ml_trained_model.py, line 7: ValueError"
    )
    with pytest.raises(NotReadyError):
        predict(predictor, {})
    threads = sys.modules["ml_trained_model"].threads
    eventually(lambda: threads.isdisjoint({thread.ident for thread in threading.enumerate()}))


def test_no_prediction_is_made_before_the_model_is_ready(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    with pytest.raises(NotReadyError, match=r"^Server Not Ready$"):
        predict(predictor, {})
    with pytest.raises(NotReadyError):
        predictor.check_capacity()


def test_a_draining_model_still_predicts(tmp_path: Path) -> None:
    predictor = loaded(tmp_path, RUN)
    predictor.drain()
    assert predict(predictor, {"a": 1}) == {"a": 1}


def test_a_model_that_is_not_ready_does_not_drain(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    predictor.drain()
    assert predictor.status.state is State.LOADING


def test_more_predictions_than_allowed_are_rejected_until_one_ends(tmp_path: Path) -> None:
    predictor = loaded(tmp_path, GATED, MAX_PENDING=2)
    pending = [Prediction(predictor, {"id": number}) for number in range(2)]
    with pytest.raises(BusyError, match=r"^Server Busy$"):
        predict(predictor, {})
    with pytest.raises(BusyError):
        predictor.check_capacity()
    (tmp_path / "gate").touch()
    assert [prediction.result() for prediction in pending] == [{"id": 0}, {"id": 1}]
    predictor.check_capacity()
    assert predict(predictor, {}) == {}


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(1)", "KeyboardInterrupt"])
def test_whatever_run_raises_is_a_failed_prediction_and_frees_its_place(
    tmp_path: Path, raised: str
) -> None:
    predictor = loaded(tmp_path, f"def run(input_data): raise {raised}\n", MAX_PENDING=1)
    for _ in range(2):
        with pytest.raises(PredictionError, match=r"run\(\) failed at ") as failure:
            predict(predictor, {})
        assert type(failure.value.__cause__).__name__ == raised.partition("(")[0]


def test_no_more_threads_than_allowed_run_the_model_at_once(tmp_path: Path) -> None:
    source = """
        import threading
        now, most, changed = 0, 0, threading.Condition()
        def run(input_data):
            global now, most
            with changed:
                now += 1
                most = max(most, now)
                changed.notify_all()
                if input_data: changed.wait_for(lambda: most == 2, 20)
                now -= 1
            return most
    """
    predictor = loaded(tmp_path, source, THREADS=2)
    waiting = [Prediction(predictor, {"a": 1}) for _ in range(8)]
    assert [prediction.result() for prediction in waiting] == [2] * 8


def test_a_batch_waits_as_long_as_the_setting_says(tmp_path: Path) -> None:
    source = """
        def run(input_data): return 1
        def run_batch(rows): return [len(rows)] * len(rows)
    """
    predictor = loaded(tmp_path, source, MAX_BATCH_SIZE=2, MAX_BATCH_WAIT_MS=60_000)
    waiting = [Prediction(predictor, {}) for _ in range(2)]
    assert [prediction.result() for prediction in waiting] == [2, 2]


def test_a_call_that_takes_longer_than_worker_timeout_is_stuck(tmp_path: Path) -> None:
    predictor = loaded(tmp_path, GATED, WORKER_TIMEOUT=60)
    running, waiting = (Prediction(predictor, {"id": number}) for number in range(2))
    eventually(lambda: running.call.started is not None)
    assert not predictor.is_stuck
    assert running.call.started is not None
    running.call.started -= 61
    assert predictor.is_stuck
    (tmp_path / "gate").touch()
    assert (running.error(), waiting.error()) == (None, None)
    assert not predictor.is_stuck


def test_giving_up_answers_running_and_waiting_calls(tmp_path: Path) -> None:
    predictor = loaded(tmp_path, GATED)
    running, waiting = (Prediction(predictor, {"id": number}) for number in range(2))
    eventually((tmp_path / "started-0").exists)
    predictor.give_up()
    assert isinstance(running.error(), TimedOutError)
    assert isinstance(waiting.error(), NotReadyError)
    assert len(predictor.calls) == 0
    assert predictor.status.state is State.FAILED
    assert "WORKER_TIMEOUT" in predictor.status.reason
    with pytest.raises(NotReadyError):
        predict(predictor, {})
    (tmp_path / "gate").touch()
