"""Forks: a child of the model is no server, and no worker loses a signal while it starts.

What a worker opens and handles is no business of a process that the model forks
(multiprocessing, os.fork): its signals would be swallowed, its port and its connections kept open.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGABRT,
            signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGCHLD}  # fmt: skip


class _State:
    """What the hooks have to know.

    Attributes:
        forks_worker: whether the next fork is gunicorn's, of a worker.
        server_files: returns the descriptors that a child must not keep; None in the master.
        mask: the blocked signals before the fork.

    """

    forks_worker = False
    server_files: Callable[[], Iterable[int]] | None = None
    mask: set[Any] = set()  # noqa: RUF012 - of the process


def expect_worker() -> None:
    """Let the next fork be that of a worker, which starts with its signals blocked."""
    _State.forks_worker = True


def unblock_signals() -> None:
    """Take the signals that came since the fork: the worker's handlers are in place."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def protect(server_files: Callable[[], Iterable[int]]) -> None:
    """Keep what belongs to this worker from its children.

    Args:
        server_files: returns the descriptors of its sockets.

    """
    _State.server_files = server_files


def _before() -> None:
    _State.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _in_parent() -> None:
    _State.forks_worker = False
    signal.pthread_sigmask(signal.SIG_SETMASK, _State.mask)


def _in_child() -> None:
    if _State.forks_worker:
        _State.forks_worker = False
        return  # until unblock_signals()
    with contextlib.suppress(ValueError):  # no main thread: there is no wake-up descriptor
        signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    if _State.server_files is not None:
        nothing = os.open(os.devnull, os.O_RDWR)
        for file in _State.server_files():
            with contextlib.suppress(OSError):  # it is closed already
                os.dup2(nothing, file)  # not closed: another file could get the number
        os.close(nothing)
    signal.pthread_sigmask(signal.SIG_SETMASK, _State.mask)


def install() -> None:
    """Run the hooks at each fork of this process and of its children."""
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
