"""Tracebacks, cut to the frames of the user's own code."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType


def is_own(path: str, folder: Path) -> bool:
    """Return whether a file is the user's own: in a folder, but not in an environment there."""
    file = Path(path)
    return file.is_relative_to(folder) and "site-packages" not in file.relative_to(folder).parts


def own_frames(trace: TracebackType | None, folder: Path) -> list[TracebackType]:
    """Return the entries of a traceback whose code is in a folder or the folders below it."""
    return [entry for entry in _entries(trace) if is_own(entry.tb_frame.f_code.co_filename, folder)]


def last_entry(trace: TracebackType | None) -> TracebackType | None:
    """Return where the exception was raised."""
    return next(reversed([*_entries(trace)]), None)


def cut_tracebacks(error: BaseException, folder: Path) -> None:
    """Leave the frames of the user's own code, and the last one.

    Args:
        error: the exception; those that it comes from are cut too.
        folder: where the user's code is.

    """
    seen = set()
    next_error: BaseException | None = error
    while next_error is not None and id(next_error) not in seen:
        seen.add(id(next_error))
        next_error.__traceback__ = _cut(next_error.__traceback__, folder)
        cause = next_error.__cause__
        next_error = cause if cause is not None else next_error.__context__


def _cut(trace: TracebackType | None, folder: Path) -> TracebackType | None:
    kept = own_frames(trace, folder)
    last = last_entry(trace)
    if last is not None and last not in kept:
        kept.append(last)
    cut = None
    for entry in reversed(kept):
        cut = TracebackType(cut, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return cut


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next
