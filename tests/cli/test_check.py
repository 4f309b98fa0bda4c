"""`python -m app check`: what a pod does before it is ready."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bare.trained import iris_forest, save
from tests.helpers import ROOT, write_module

MODULE = """
    def sample():
        return {"docks": 24, "weather": "clear", "opened": "2023-04-01", "note": None}

    def run(input_data):
        return input_data["docks"]
"""
TYPED = """
    from typing import Annotated, Literal, NotRequired, TypedDict

    class Row(TypedDict):
        docks: Annotated[int, {"minimum": 0, "exclusiveMaximum": 9}]
        weather: Literal["clear", "rain"]
        wind: NotRequired[Annotated[float | None, {"default": 0.5}]]

    def sample():
        return {"docks": 2, "weather": "clear"}

    def run(row: Row):
        return row["docks"]
"""
FAILING = """
    def init():
        raise OSError("no model")

    def run(input_data):
        return 1
"""


def check(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "check", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "INIT_RETRIES": "0", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_model_that_becomes_ready_prints_its_parameters(tmp_path: Path) -> None:
    file = write_module(tmp_path, MODULE, "fraud")
    for done in (check(file), check(tmp_path), check(MODEL_DIR=str(tmp_path),
                                                     TRAINED_MODEL_MODULE_NAME="fraud")):  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            "The model is ready: POST /api/model/predict takes",
            "  docks (integer), such as 24",
            '  weather (string), such as "clear"',
            '  opened (date), such as "2023-04-01"',
            "  note (any), such as null, optional: null by default",
            "and returns integer",
            "  such as 24",
        ]


def test_types_are_printed_in_words(tmp_path: Path) -> None:
    done = check(write_module(tmp_path, TYPED, "fraud"))
    assert done.stdout.splitlines()[1:] == [
        "  docks (integer, minimum 0, maximum 9 exclusive), such as 2",
        '  weather ("clear" or "rain"), such as "clear"',
        "  wind (number or null), optional: 0.5 by default",
        "and returns integer",
        "  such as 2",
    ]


def test_model_file_without_a_module_is_checked_too(tmp_path: Path) -> None:
    done = check(save(tmp_path, iris_forest(), "irises.joblib"))
    assert done.stdout.splitlines()[4:6] == [
        "  petal_width (number), such as 0.0",
        (
            'and returns object of prediction ("setosa" or "versicolor" or "virginica"), probabilities '
            "(object of number)"
        ),
    ]


@pytest.mark.parametrize("name", ["absent.joblib", "absent.py", "absent"])
def test_path_that_does_not_exist_is_one_line(tmp_path: Path, name: str) -> None:
    save(tmp_path, iris_forest(), "irises.joblib")
    done = check(tmp_path / name)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: {tmp_path / name} does not exist: give a module, a model file, or a folder with "
        "one of them\n"
    )


def test_each_wrong_parameter_has_a_line(tmp_path: Path) -> None:
    source = TYPED.replace('"docks": 2', '"docks": -1').replace('"clear"}', '"purple"}')
    done = check(write_module(tmp_path, source, "fraud"))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert "sample() is not valid at 'docks': -1 is less than the minimum of 0;" in lines[0]
    assert (
        "sample() is not valid at 'weather': 'purple' is not one of ['clear', 'rain']" in lines[1]
    )


def test_named_module_of_a_folder_with_several_is_checked(tmp_path: Path) -> None:
    write_module(tmp_path, MODULE)
    write_module(tmp_path, FAILING, "train")
    assert check(tmp_path).returncode == 0
    assert check(tmp_path / "train.py").returncode == 1


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (FAILING, "init() failed at fraud.py, line 3: OSError: no model"),
        (MODULE.replace('docks"]', 'x"]'), "Self-test with sample(): run() failed"),
        ("x = 1", "has no function 'run'"),
    ],
)
def test_model_that_does_not_become_ready_ends_with_the_reason(
    tmp_path: Path, source: str, reason: str
) -> None:
    done = check(write_module(tmp_path, source, "fraud"), EXIT_AFTER_FAILED_LOAD="true")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Model failed to load: ")
    assert reason in line


def test_invalid_setting_is_one_line() -> None:
    done = check(WORKERS="x")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "WORKERS" in done.stderr
