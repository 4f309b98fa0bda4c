"""Functions whose call would not run them are refused at the load."""

from pathlib import Path

import pytest

from app.errors import ModelError
from app.predictor.module import load_module
from tests.helpers import write_module

RUN = "def run(row): return 1\n"
INSTEAD = "define it with def; to call asynchronous code in it, use asyncio.run()"
COROUTINE = f"is a coroutine function (async def): {INSTEAD}"
ASYNC_GENERATOR = f"is an asynchronous generator function (async def with yield): {INSTEAD}"
GENERATOR = "is a generator function (yield): "


def failure(folder: Path, source: str) -> str:
    """Return why a module cannot be loaded."""
    with pytest.raises(ModelError) as error:
        load_module(write_module(folder, source, "fraud"))
    assert error.value.reason == str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", ["sample", "init", "run", "run_batch"])
@pytest.mark.parametrize(("body", "message"), [("return", COROUTINE), ("yield", ASYNC_GENERATOR)])
def test_an_async_function_is_one_line_with_what_to_write_instead(
    tmp_path: Path, name: str, body: str, message: str
) -> None:
    source = f"{RUN}async def {name}(*_): {body}\n"
    assert failure(tmp_path, source) == f"{name}() in fraud.py {message}"


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("sample", "return a dict"),
        ("init", "load everything without yield"),
        ("run", "return a list"),
    ],
)
def test_a_generator_function_is_one_line_with_what_to_do_instead(
    tmp_path: Path, name: str, instead: str
) -> None:
    source = f"{RUN}def {name}(*_): yield 1\n"
    assert failure(tmp_path, source) == f"{name}() in fraud.py {GENERATOR}{instead}"


@pytest.mark.parametrize(
    "source",
    [
        "run = partial(answer, 1)",
        "run = partial(partial(answer), 1)",
        "class Model:\n    async def __call__(self, row): return 1\nrun = Model()",
        "class Model:\n    async def __call__(self, row): return 1\nrun = partial(Model())",
        "class Model:\n    async def run(self, row): return 1\nrun = Model().run",
        "class Model:\n    @classmethod\n    async def run(cls, row): return 1\nrun = Model.run",
        "@wraps(answer)\nasync def run(row): return await answer(row)",
    ],
)
def test_an_async_function_is_found_in_partials_objects_and_methods(
    tmp_path: Path, source: str
) -> None:
    imports = "from functools import *\nasync def answer(*_): return 1\n"
    assert failure(tmp_path, f"{imports}{source}\n") == f"run() in fraud.py {COROUTINE}"


@pytest.mark.parametrize(
    "source",
    [
        f"{RUN}def run_batch(rows): yield 1",
        "class Model:\n    def __call__(self, row): return 1\nrun = Model()",
        "import functools\nrun = functools.partial(print, 1)",
        "run = dict",
        "run = len",
        "run = lambda row: 1",
        "import asyncio, functools as f\nasync def a(row): ...\n@f.wraps(a)\ndef run(row): return asyncio.run(a(row))",
    ],
)
def test_what_a_plain_call_runs_is_loaded(tmp_path: Path, source: str) -> None:
    module = load_module(write_module(tmp_path, f"{source}\n", "fraud"))
    assert callable(module.run)
