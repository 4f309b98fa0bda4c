import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from app.config.settings import Settings
from app.errors import BusyError, NotReadyError, PredictionError
from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.helpers import eventually, write_module

RUN = "def run(input_data): return input_data\n"


def predict(predictor: Predictor, row: dict[str, Any]) -> Any:
    with predictor.acquire() as model:
        return model.predict(row)


def predictor_of(folder: Path, source: str, **settings: int | bool | str) -> Predictor:
    write_module(folder, source)
    return Predictor(Settings(**{"MODEL_DIR": str(folder), "INIT_RETRIES": 0, **settings}))  # type: ignore[arg-type]


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
    predictor = predictor_of(tmp_path, RUN)
    predictor.load()
    assert predict(predictor, {"a": 1}) == {"a": 1}


def test_init_runs_once_and_after_sample(tmp_path: Path) -> None:
    source = """
        calls = []
        def sample(): calls.append("sample"); return {"a": 1}
        def init(): calls.append("init")
        def run(input_data): return calls
    """
    predictor = predictor_of(tmp_path, source)
    predictor.load()
    assert predict(predictor, {}) == predict(predictor, {}) == ["sample", "init"]


def test_a_failed_load_gives_type_and_first_line_and_logs_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    predictor = predictor_of(tmp_path, f"{RUN}def init(): raise ValueError('first\\nsecond')\n")
    predictor.load()
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason == (
        "init() failed at ml_trained_model.py, line 2: ValueError: first"
    )
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "first\nsecond"


@pytest.mark.parametrize("exit_", ["raise SystemExit(1)", "raise KeyboardInterrupt"])
def test_an_init_that_exits_is_a_failed_load(tmp_path: Path, exit_: str) -> None:
    predictor = predictor_of(tmp_path, f"{RUN}def init(): {exit_}\n")
    predictor.load()
    assert predictor.status.state is State.FAILED


def test_a_failed_load_is_retried_with_growing_pauses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = f"""{RUN}
import pathlib
def init():
    count = pathlib.Path(__file__).with_name("count")
    count.write_text(count.read_text() + "x" if count.exists() else "x")
    if len(count.read_text()) < 3: raise OSError("storage is not there yet")
"""
    predictor = predictor_of(tmp_path, source, INIT_RETRIES=2)
    predictor.load()
    assert predictor.status.state is State.READY
    assert (tmp_path / "count").read_text() == "xxx"
    pauses = [record.message for record in caplog.records if "Retrying" in record.message]
    assert pauses == ["Retrying model load in 1 s", "Retrying model load in 2 s"]


def test_a_module_that_is_fixed_between_two_attempts_is_loaded(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, "def run(:\n", INIT_RETRIES=4)
    thread = threading.Thread(target=predictor.load)
    thread.start()
    eventually(lambda: predictor.status.state is State.FAILED)
    write_module(tmp_path, RUN)
    thread.join(20)
    assert predictor.status.state is State.READY


def test_no_prediction_is_made_before_the_model_is_ready(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    with pytest.raises(NotReadyError, match=r"^Server Not Ready$"):
        predict(predictor, {})


def test_a_draining_model_still_predicts(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    predictor.load()
    predictor.drain()
    assert predict(predictor, {"a": 1}) == {"a": 1}


def test_a_model_that_is_not_ready_does_not_drain(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN)
    predictor.drain()
    assert predictor.status.state is State.LOADING


def test_more_predictions_than_allowed_are_rejected_until_one_ends(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, RUN, MAX_PENDING=2)
    predictor.load()
    with predictor.acquire():
        with predictor.acquire(), pytest.raises(BusyError, match=r"^Server Busy$"):
            predict(predictor, {})
        with predictor.acquire():
            pass


@pytest.mark.parametrize("raised", ["ValueError('no')", "SystemExit(1)", "KeyboardInterrupt"])
def test_whatever_run_raises_is_a_failed_prediction_and_frees_its_place(
    tmp_path: Path, raised: str
) -> None:
    predictor = predictor_of(tmp_path, f"def run(input_data): raise {raised}\n", MAX_PENDING=1)
    predictor.load()
    for _ in range(2):
        with pytest.raises(PredictionError, match=r"run\(\) failed: ") as failure:
            predict(predictor, {})
        assert type(failure.value.__cause__).__name__ == raised.partition("(")[0]


def test_no_more_threads_than_allowed_run_the_model_at_once(tmp_path: Path) -> None:
    source = """
        import threading, time
        now, most, lock = 0, 0, threading.Lock()
        def run(input_data):
            global now, most
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.01)
            with lock:
                now -= 1
            return most
    """
    predictor = predictor_of(tmp_path, source, THREADS=2)
    predictor.load()
    threads = [threading.Thread(target=predict, args=(predictor, {})) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert predict(predictor, {}) == 2


def test_a_batch_waits_as_long_as_the_setting_says(tmp_path: Path) -> None:
    source = """
        def run(input_data): return 1
        def run_batch(rows): return [len(rows)] * len(rows)
    """
    predictor = predictor_of(tmp_path, source, MAX_BATCH_SIZE=2, MAX_BATCH_WAIT_MS=60_000)
    predictor.load()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda row: predict(predictor, row), [{}, {}])) == [2, 2]


@pytest.mark.parametrize(
    ("policy", "state", "said"),
    [("warn", State.READY, True), ("refuse", State.FAILED, True), ("off", State.READY, False)],
)
def test_a_model_trained_with_another_scikit_learn_is_logged_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, policy: str, state: State, said: bool
) -> None:
    record = tmp_path / "ml_trained_model.json"
    record.write_text('{"made_with": {"scikit-learn": "0.24.2"}}')
    predictor = predictor_of(tmp_path, RUN, VERSION_CHECK=policy)
    predictor.load()
    assert predictor.status.state is state
    line = (
        f"trained with scikit-learn 0.24.2 (runs: {version('scikit-learn')}; {record.name}): train"
    )
    assert (line in caplog.text) is said
