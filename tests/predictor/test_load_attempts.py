"""When a load is tried again: schedules and changes of the model folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import ModelError, TransientModelError
from app.predictor.load_attempts import LoadAttempts
from tests.helpers import write_module


class Attempts:
    """Attempts that fail as told; `change` is called within the first."""

    def __init__(self, folder: Path, error: ModelError, change: Callable[[], object]) -> None:
        self.pauses: list[float] = []
        self._error = error
        self._change = change
        self.attempts = LoadAttempts(self._load, folder)

    def _load(self) -> None:
        if self.attempts.count == 1:
            self._change()
        raise self._error

    def run(self, retries: int, *, waits_for_change: bool = True) -> int:
        """Return the number of attempts."""
        with pytest.raises(type(self._error)):
            self.attempts.run(retries, self.pauses.append, waits_for_change=waits_for_change)
        return self.attempts.count


@pytest.mark.parametrize("waits_for_change", [True, False])
def test_what_may_be_transient_is_retried(tmp_path: Path, waits_for_change: bool) -> None:
    attempts = Attempts(tmp_path, TransientModelError("x"), lambda: None)
    assert attempts.run(1, waits_for_change=waits_for_change) == 2
    assert attempts.pauses == [1]


def test_what_needs_a_change_is_not_retried_without_one(tmp_path: Path) -> None:
    write_module(tmp_path, "x = 1")
    attempts = Attempts(tmp_path, ModelError("x"), lambda: None)
    assert attempts.run(1) == 1
    assert attempts.pauses == []


CHANGES: dict[str, Callable[[Path], object]] = {
    "a changed file": lambda folder: write_module(folder, "x = 2"),
    "a new file": lambda folder: (folder / "new").touch(),
    "a new file in a new folder": lambda folder: write_module(folder / "features", ""),
    "a removed file": lambda folder: (folder / "ml_trained_model.py").unlink(),
    "a file that may be read": lambda folder: (folder / "ml_trained_model.py").chmod(0o640),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_needs_a_change_is_retried_after_one(tmp_path: Path, change: str) -> None:
    write_module(tmp_path, "x = 1")
    attempts = Attempts(tmp_path, ModelError("x"), lambda: CHANGES[change](tmp_path))
    assert attempts.run(1) == 2


def test_bytecode_that_an_attempt_writes_is_no_change(tmp_path: Path) -> None:
    bytecode = tmp_path / "features" / "__pycache__"
    attempts = Attempts(tmp_path, ModelError("x"), lambda: write_module(bytecode, ""))
    assert attempts.run(1) == 1


def test_a_folder_that_is_missing_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    attempts = Attempts(folder, ModelError("x"), lambda: write_module(folder, ""))
    assert attempts.run(1) == 2


def test_a_service_that_exits_after_a_failed_load_does_not_wait_for_a_change(
    tmp_path: Path,
) -> None:
    attempts = Attempts(tmp_path, ModelError("x"), (tmp_path / "new").touch)
    assert attempts.run(10, waits_for_change=False) == 1
