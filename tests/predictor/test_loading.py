"""How a model is loaded: failures and their reasons, retries, versions, a load before a fork."""

import gc
import logging
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from app.predictor.state import State
from tests.helpers import eventually, write_module
from tests.predictor.test_predictor import RUN, loaded, predict, predictor_of


def test_a_failed_load_tells_what_failed_and_where_and_logs_the_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    predictor = loaded(tmp_path, f"{RUN}def init(): raise ValueError('secret\\nsecond')\n")
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason == "init() failed at ml_trained_model.py, line 2: ValueError"
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.levelno == logging.ERROR
    assert record.message == (
        "Model failed to load: init() failed at ml_trained_model.py, line 2: ValueError: secret"
    )
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "secret\nsecond"


def test_with_flask_debug_the_reason_has_the_first_line_of_the_text(tmp_path: Path) -> None:
    source = f"{RUN}def init(): raise ValueError('secret\\nsecond')\n"
    predictor = loaded(tmp_path, source, FLASK_DEBUG=True)
    assert predictor.status.reason == (
        "init() failed at ml_trained_model.py, line 2: ValueError: secret"
    )


def nothing(_folder: Path) -> None:
    """Leave the folder as it is."""


def cases_are_a_folder(folder: Path) -> None:
    (folder / "ml_trained_model.cases.json").mkdir()


WITHOUT_TEXT = """
class WithoutText(Exception):
    def __str__(self): return self.absent
def init(): raise WithoutText
"""
FAILURES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "exit": ("raise SystemExit(1)", nothing, "SystemExit"),
    "interrupt": ("def init(): raise KeyboardInterrupt", nothing, "KeyboardInterrupt"),
    "recursion": ("def init(): init()", nothing, "RecursionError"),
    "no memory": ("def init(): raise MemoryError", nothing, "MemoryError"),
    "an exception without a text": (WITHOUT_TEXT, nothing, "WithoutText"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_whatever_a_load_raises_is_a_failure_with_a_reason_and_is_retried(
    tmp_path: Path, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source, prepare, said = FAILURES[failure]
    folder = tmp_path / "model"
    predictor = predictor_of(folder, RUN + source, INIT_RETRIES=1)
    prepare(folder)
    predictor.load()
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason
    assert said in predictor.status.reason
    assert "\n" not in predictor.status.reason
    messages = [record.message for record in caplog.records]
    assert messages.count("Retrying model load in 1 s") == 1
    assert messages[-1] == "Giving up after 2 attempt(s); fix the model and restart"


CONTAINS_ITSELF = "def sample():\n    s = {}\n    s['s'] = s\n    return s"
FINAL: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a package is missing": ("import absent_x", nothing, "absent_x"),
    "a syntax error": ("def (", nothing, "SyntaxError"),
    "run is no function": ("run = 1", nothing, "has no function 'run'"),
    "sample contains itself": (CONTAINS_ITSELF, nothing, "sample"),
    "a folder in place of a file": ("", cases_are_a_folder, "ml_trained_model.cases.json"),
    "a missing file": ("def init(): open(__file__ + 'x')", nothing, "FileNotFoundError"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FINAL)
def test_what_needs_another_file_is_not_retried_without_it(
    tmp_path: Path, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source, prepare, said = FINAL[failure]
    folder = tmp_path / "model"
    predictor = predictor_of(folder, f"{RUN}{source}", INIT_RETRIES=1)
    prepare(folder)
    predictor.load()
    assert predictor.status.state is State.FAILED
    assert said in predictor.status.reason
    messages = [record.message for record in caplog.records if "Model failed" in record.message]
    assert len(messages) == 1
    assert [record.message for record in caplog.records][-2:] == [
        "Not retried, since nothing but a change of the model folder helps",
        "Giving up after 1 attempt(s); fix the model and restart",
    ]


def test_an_error_that_nobody_foresaw_is_a_failure_with_its_type_as_the_reason(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    predictor = loaded(tmp_path, RUN, TRAINED_MODEL_MODULE_NAME="x" * 300)
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason == "Unexpected OSError while loading"
    assert "Model failed to load: Unexpected OSError while loading: OSError: [Err" in caplog.text
    assert "Traceback" in caplog.text


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
    predictor = loaded(tmp_path, source, INIT_RETRIES=2)
    assert predictor.status.state is State.READY
    assert (tmp_path / "count").read_text() == "xxx"
    pauses = [record.message for record in caplog.records if "Retrying" in record.message]
    assert pauses == ["Retrying model load in 1 s", "Retrying model load in 2 s"]


def test_a_module_that_is_fixed_between_two_attempts_is_loaded(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, "def run(:\n", INIT_RETRIES=4)
    predictor.start()
    eventually(lambda: predictor.status.state is State.FAILED)
    write_module(tmp_path, RUN)
    predictor.wait_until_loaded(20)
    assert predictor.status.state is State.READY


@pytest.mark.parametrize(
    ("policy", "state", "said"),
    [("warn", State.READY, True), ("refuse", State.FAILED, True), ("off", State.READY, False)],
)
def test_a_model_trained_with_another_scikit_learn_is_logged_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, policy: str, state: State, said: bool
) -> None:
    record = tmp_path / "ml_trained_model.json"
    record.write_text('{"made_with": {"scikit-learn": "0.24.2"}}')
    predictor = loaded(tmp_path, RUN, VERSION_CHECK=policy)
    assert predictor.status.state is state
    line = (
        f"trained with scikit-learn 0.24.2 (runs: {version('scikit-learn')}; {record.name}): train"
    )
    assert (line in caplog.text) is said


BOUND_TO_ITS_THREAD = """
    import threading
    state = threading.local()
    inits = []
    def sample(): return {"a": 1}
    def init():
        inits.append(1)
        state.factor = 2
    def run(input_data): return [input_data["a"] * state.factor, len(inits)]
"""


def test_a_model_that_is_loaded_before_a_fork_is_only_tested_afterwards(tmp_path: Path) -> None:
    source = BOUND_TO_ITS_THREAD.replace("threading.local()", "lambda: None")
    predictor = predictor_of(tmp_path, source)
    predictor.load_before_fork()
    assert predictor.loaded_before_fork
    assert predictor.is_loading
    predictor.load()
    assert predict(predictor, {"a": 3}) == [6, 1]


def test_a_shared_model_whose_self_test_fails_names_load_per_process(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, BOUND_TO_ITS_THREAD)
    predictor.load_before_fork()
    predictor.load()  # in another thread, as in another process
    assert predictor.status.state is State.FAILED
    assert "failed at ml_trained_model.py, line 9: AttributeError; " in predictor.status.reason
    assert "set load_per_process = True in ml_trained_model.py" in predictor.status.reason


def test_a_model_with_load_per_process_is_loaded_after_the_fork(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, f"{BOUND_TO_ITS_THREAD}    load_per_process = True\n")
    predictor.load_before_fork()
    assert predictor.is_loading
    predictor.load()
    assert predict(predictor, {"a": 3}) == [6, 1]


def test_a_load_that_fails_before_the_fork_is_not_repeated_after_it(tmp_path: Path) -> None:
    predictor = predictor_of(tmp_path, f"{RUN}def init(): raise ValueError\n")
    predictor.load_before_fork()
    failed = predictor.status
    write_module(tmp_path, RUN)
    predictor.load()
    assert predictor.status is failed
    assert failed.reason == "init() failed at ml_trained_model.py, line 2: ValueError"


@pytest.mark.parametrize("before_fork", [True, False])
def test_a_loaded_model_is_left_out_of_garbage_collections(
    tmp_path: Path, before_fork: bool
) -> None:
    predictor = predictor_of(tmp_path, RUN)
    gc.unfreeze()
    (predictor.load_before_fork if before_fork else predictor.load)()
    assert gc.get_freeze_count() > 0
