"""Classes and functions of a training script, pickled there as `__main__.NAME`."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.errors import ModelError
from app.predictor.module import call_user_code, load_module
from app.predictor.state import State
from tests.cli.test_check import check
from tests.helpers import eventually, serving, write_module
from tests.predictor.test_predictor import RUN, loaded, predict, predictor_of

RATIO = b"c__main__\nRatio\n."  # what pickle.dumps(Ratio) returns in a script that defines it
LOADS: dict[str, Callable[[bytes], Any]] = {"C": pickle.loads, "Python": pickle._loads}  # type: ignore[attr-defined]

DEFINED = """
    import pickle

    class Ratio:
        value = 1
        class Inner: value = 2

    def init():
        global model
        model = pickle.loads(b"c__main__\\nRatio\\n.")

    def sample(): return {"lazy": True}

    def run(row):
        return (pickle.loads(b"c__main__\\nRatio\\n.") if row["lazy"] else model).value
"""


@pytest.mark.parametrize("loads", LOADS)
def test_names_of_main_are_looked_up_in_the_served_module(tmp_path: Path, loads: str) -> None:
    module = load_module(write_module(tmp_path, DEFINED, "fraud"))
    assert LOADS[loads](RATIO) is vars(module)["Ratio"]
    inner = b"\x80\x04\x8c\x08__main__\x8c\x0bRatio.Inner\x93."
    assert LOADS[loads](inner) is vars(module)["Ratio"].Inner


def test_names_that_main_has_itself_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_module(write_module(tmp_path, DEFINED, "fraud"))
    monkeypatch.setattr(sys.modules["__main__"], "Ratio", "its own", raising=False)
    assert pickle.loads(RATIO) == "its own"


def test_special_names_of_the_module_are_not_those_of_main(tmp_path: Path) -> None:
    load_module(write_module(tmp_path, f"__version__ = '7'\n{RUN}", "fraud"))
    assert not hasattr(sys.modules["__main__"], "__version__")


def test_a_pickle_that_is_loaded_while_the_module_is_imported_finds_what_is_above(
    tmp_path: Path,
) -> None:
    source = f"import pickle\nclass Ratio: pass\nmodel = pickle.loads({RATIO!r})\n{RUN}"
    module = load_module(write_module(tmp_path, source, "fraud"))
    assert vars(module)["model"] is vars(module)["Ratio"]


def test_names_are_those_of_the_module_that_was_loaded_last(tmp_path: Path) -> None:
    for value in (1, 2):
        source = f"class Ratio: value = {value}\n{RUN}"
        load_module(write_module(tmp_path, source, "fraud"))
        assert pickle.loads(RATIO).value == value


@pytest.mark.parametrize("loads", ["pickle.loads", "pickle._loads"])
def test_a_name_that_the_module_does_not_have_is_named_with_what_to_do(
    tmp_path: Path, loads: str
) -> None:
    source = f"import pickle\ndef init(): {loads}({RATIO!r})\n{RUN}"
    file = write_module(tmp_path, source, "fraud")
    with pytest.raises(ModelError) as error:
        call_user_code(file, "init()", load_module(file).init)
    hint = "'Ratio' was pickled from the training script: define or import it in fraud.py"
    assert error.value.reason == f"init() failed at fraud.py, line 2: AttributeError; {hint}"
    assert str(error.value).endswith(f"; {hint}")


def test_another_attribute_error_has_no_such_hint(tmp_path: Path) -> None:
    source = f"""
import __main__
def init():
    hasattr(__main__, "Ratio")
    object().absent
{RUN}"""
    file = write_module(tmp_path, source, "fraud")
    with pytest.raises(ModelError) as error:
        call_user_code(file, "init()", load_module(file).init)
    assert error.value.reason == "init() failed at fraud.py, line 5: AttributeError"


def test_a_retry_finds_the_name_once_it_is_there(tmp_path: Path) -> None:
    source = f"import pickle\ndef init(): pickle.loads({RATIO!r})\n{RUN}"
    predictor = predictor_of(tmp_path, source, INIT_RETRIES=4)
    predictor.start()
    eventually(lambda: predictor.status.state is State.FAILED)
    write_module(tmp_path, f"{source}class Ratio: pass\n")
    predictor.wait_until_loaded(20)
    assert predictor.status.state is State.READY


def test_names_are_found_at_the_time_of_a_prediction_too(tmp_path: Path) -> None:
    assert predict(loaded(tmp_path, DEFINED), {"lazy": True}) == 1


@pytest.mark.parametrize("workers", ["1", "2"])
def test_names_are_found_in_each_process_of_the_server(tmp_path: Path, workers: str) -> None:
    write_module(tmp_path, DEFINED)
    with serving(tmp_path, WORKERS=workers) as server:
        assert {server.predict({"lazy": lazy}).json() for lazy in (True, False)} == {1}


def test_names_are_found_by_the_command_that_checks_a_model(tmp_path: Path) -> None:
    done = check(write_module(tmp_path, DEFINED, "fraud"))
    assert done.returncode == 0, done.stderr
