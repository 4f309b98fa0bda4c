import json
import traceback
from pathlib import Path

import pytest

from app.observability.tracebacks import cut_tracebacks, is_own, own_frames

HERE = Path(__file__).parent


def raised() -> BaseException:
    """Return an exception with frames of this file and of a library, and its cause."""
    caught: BaseException = AssertionError()
    try:
        try:
            json.loads("{")
        except ValueError as error:
            raise KeyError from error
    except KeyError as error:
        caught = error
    return caught


def files(error: BaseException | None) -> list[str]:
    assert error is not None
    return [Path(frame.filename).name for frame in traceback.extract_tb(error.__traceback__)]


def test_frames_of_the_folder_and_the_last_one_are_left() -> None:
    error = raised()
    assert len(files(error.__cause__)) > 2
    cut_tracebacks(error, HERE)
    assert files(error) == ["test_tracebacks.py"]
    assert files(error.__cause__) == ["test_tracebacks.py", "decoder.py"]


def test_without_frames_of_the_folder_the_last_one_is_left() -> None:
    error = raised()
    cut_tracebacks(error, HERE / "absent")
    assert files(error.__cause__) == ["decoder.py"]


def test_an_exception_without_a_traceback_has_none_afterwards() -> None:
    error = ValueError()
    cut_tracebacks(error, HERE)
    assert error.__traceback__ is None
    assert own_frames(None, HERE) == []


def test_exceptions_that_are_each_others_cause_are_cut_once() -> None:
    error = raised()
    error.__cause__.__cause__ = error  # type: ignore[union-attr]
    cut_tracebacks(error, HERE)
    assert files(error) == ["test_tracebacks.py"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/model/fraud.py", True), ("/model/features/a.py", True), ("/models/a.py", False),
        ("/model/.venv/lib/site-packages/a.py", False), ("<string>", False),
    ],
)  # fmt: skip
def test_files_of_the_folder_are_own_but_those_of_an_environment(path: str, expected: bool) -> None:
    assert is_own(path, Path("/model")) is expected
