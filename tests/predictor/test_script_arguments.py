import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.predictor.script_arguments import arguments_of
from app.predictor.state import State
from tests.predictor.test_predictor import RUN, loaded

PARSING = """
import argparse, sys
def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", default="weights.bin")
    return parser.parse_args().weights, sys.argv[0], len(sys.argv), [*sys.argv]
"""


@pytest.mark.parametrize("where", ["found = parse()", "def init(): global found; found = parse()"])
def test_a_module_that_parses_arguments_finds_those_of_a_script(tmp_path: Path, where: str) -> None:
    before = sys.argv
    predictor = loaded(tmp_path, f"{PARSING}\n{where}\n{RUN}")
    assert predictor.status.state is State.READY
    file = str(tmp_path / "ml_trained_model.py")
    assert sys.modules["ml_trained_model"].found == ("weights.bin", file, 1, [file])
    assert sys.argv is before


def test_arguments_are_restored_after_a_failure(tmp_path: Path) -> None:
    before = sys.argv
    with pytest.raises(OSError, match="x"), arguments_of(tmp_path):
        raise OSError("x")
    assert sys.argv is before


def test_the_main_thread_which_may_parse_its_own_meanwhile_finds_these() -> None:
    before, entered, parsed = sys.argv[:], threading.Event(), threading.Event()

    def load() -> list[str]:
        with arguments_of(Path("fraud.py")):
            entered.set()
            assert parsed.wait(20)
            return sys.argv[:]

    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(load)
        assert entered.wait(20)
        assert sys.argv[1:] == before[1:]
        parsed.set()
        assert loading.result() == ["fraud.py"]
