"""`sys.argv` for the user's code: that of a script without arguments."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class _Arguments(list[str]):
    """The arguments of a script; gunicorn's thread, which parses them at SIGHUP, gets its own."""

    def __init__(self, script: Path, of_main_thread: list[str]) -> None:
        super().__init__([str(script)])
        self._of_main_thread = of_main_thread

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - as list's
        is_main = threading.current_thread() is threading.main_thread()
        return self._of_main_thread[index] if is_main else super().__getitem__(index)


@contextlib.contextmanager
def arguments_of(script: Path) -> Iterator[None]:
    """Let code find the arguments of a script, not those of the server, which it would parse."""
    arguments = sys.argv
    in_main_thread = threading.current_thread() is threading.main_thread()
    sys.argv = [str(script)] if in_main_thread else _Arguments(script, arguments)
    try:
        yield
    finally:
        sys.argv = arguments
