"""Checks the functions of the user's module: they are there, and a plain call runs each."""

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from app.errors import ModelError

_FUNCTIONS = ("run", "sample", "init", "run_batch")
_INSTEAD_OF_ASYNC = "define it with def; to call asynchronous code in it, use asyncio.run()"
# run_batch() may yield its predictions.
_INSTEAD_OF_YIELD = {
    "run": "return a list",
    "sample": "return a dict",
    "init": "load everything without yield",
}


def check_functions(file: Path, module: ModuleType) -> None:
    """Check the functions of an imported module.

    Args:
        file: the model module.
        module: what was imported from it.

    Raises:
        ModelError: there is no `run`, or one of its functions would not run when it is called.

    """
    for name in _FUNCTIONS:
        if name != "run" and not hasattr(module, name):
            continue
        function = getattr(module, name, None)
        if not callable(function):
            raise ModelError(
                f"Model module '{file.stem}' has no function '{name}': define it in {file.name}"
            )
        for called in _called(function):
            _check_kind(f"{name}() in {file.name}", called, _INSTEAD_OF_YIELD.get(name))


def _called(function: Callable[..., object]) -> Iterator[Callable[..., object]]:
    """Yield what a call of a function may run: itself, or its type's `__call__`."""
    while isinstance(function, functools.partial):
        function = function.func
    yield function
    yield type(function).__call__


def _check_kind(what: str, function: Callable[..., object], instead_of_yield: str | None) -> None:
    if inspect.iscoroutinefunction(function):
        raise ModelError(f"{what} is a coroutine function (async def): {_INSTEAD_OF_ASYNC}")
    if inspect.isasyncgenfunction(function):
        raise ModelError(
            f"{what} is an asynchronous generator function (async def with yield): "
            f"{_INSTEAD_OF_ASYNC}"
        )
    if instead_of_yield and inspect.isgeneratorfunction(function):
        raise ModelError(f"{what} is a generator function (yield): {instead_of_yield}")
