"""The user's module: found in the model folder, imported, asked for its functions.

This is the one place where the user's code meets ours. Whatever that code raises, an exit
included, becomes a ModelError whose message is one line.
"""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from app.errors import ModelError

_folder: Path | None = None  # whose modules are loaded, and which is on sys.path


class ModelModule(Protocol):
    """What a model module offers; only `run` must be there (see model/README.md)."""

    __name__: str

    def sample(self) -> dict[str, Any]:
        """Return an example value for each parameter."""

    def init(self) -> None:
        """Load everything that `run` needs."""

    def run(self, input_data: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Return the prediction for one parsed JSON object."""

    def run_batch(self, rows: list[dict[str, Any]]) -> list[Any]:
        """Return one prediction per row, in order."""


def find_module(folder: Path, name: str) -> Path:
    """Return the file of the model module.

    Args:
        folder: where the module is.
        name: its file name, with or without `.py`; empty for the only one there.

    Raises:
        ModelError: there is no such file, or an empty name does not tell which.

    """
    if not folder.is_dir():
        raise ModelError(
            f"Model folder '{folder}' does not exist: set MODEL_DIR to the folder of your module"
        )
    files = sorted(path for path in folder.glob("*.py") if not path.name.startswith(("_", ".")))
    listing = ", ".join(path.name for path in files) or "no module"
    stem = name.removesuffix(".py")
    if stem:
        file = folder / f"{stem}.py"
        if file.parent != folder or not file.is_file():
            msg = (
                f"Model module '{stem}' is not in the model folder, which holds {listing}: "
                f"put {stem}.py there or set TRAINED_MODEL_MODULE_NAME"
            )
            raise ModelError(msg)
        return file
    if len(files) != 1:
        msg = (
            f"TRAINED_MODEL_MODULE_NAME is empty and the model folder holds {listing}: "
            "name one, or leave exactly one there"
        )
        raise ModelError(msg)
    return files[0]


def load_module(file: Path) -> ModelModule:
    """Import the model module afresh, together with its neighbours.

    Raises:
        ModelError: it cannot be imported, or has no function `run`.

    """
    global _folder  # noqa: PLW0603
    _unload_previous()
    name = file.stem
    if name in sys.modules:
        raise ModelError(
            f"Model module '{name}' has the name of a Python module in use: rename {file.name}"
        )
    _folder = file.parent.resolve()
    sys.path.insert(0, str(_folder))
    importlib.invalidate_caches()
    spec = importlib.util.spec_from_file_location(name, _folder / file.name)
    assert spec is not None  # noqa: S101 - a .py file has a loader
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be unpickled
    call_user_code(file, "import", lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    for function in ("run", "sample", "init", "run_batch"):
        if not callable(getattr(module, function, None)) and (
            function == "run" or hasattr(module, function)
        ):
            raise ModelError(
                f"Model module '{name}' has no function '{function}': define it in {file.name}"
            )
    return cast("ModelModule", module)


def read_sample(file: Path, module: ModelModule) -> dict[str, Any]:
    """Return what the module's `sample()` returns; nothing where it has none.

    Raises:
        ModelError: it raised, or returned something else than a dict with string keys.

    """
    if not hasattr(module, "sample"):
        return {}
    sample = call_user_code(file, "sample()", module.sample)
    if not isinstance(sample, dict):
        msg = (
            f"sample() in {file.name} returned a {type(sample).__name__}: "
            "return a dict of parameter names to example values"
        )
        raise ModelError(msg)
    strange = next((key for key in sample if not isinstance(key, str)), None)
    if strange is not None:
        raise ModelError(
            f"sample() in {file.name} has the key {strange!r}: name parameters by strings"
        )
    return dict(sample)


def call_user_code(file: Path, what: str, function: Callable[[], Any]) -> Any:  # noqa: ANN401
    """Call the user's code; turn whatever it raises into one line that says where.

    Raises:
        ModelError: caused by what the code raised.

    """
    try:
        return function()
    except SyntaxError as error:
        where = f"{Path(error.filename or file).name}, line {error.lineno}"
        raise ModelError(f"{where}: {type(error).__name__}: {error.msg}: mend the file") from error
    except BaseException as error:
        raise ModelError(
            f"{what} failed at {_user_frame(file, error)}: {format_exception_line(error)}"
        ) from error


def format_exception_line(error: BaseException) -> str:
    """Return an exception's type and the first line of its message."""
    first = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _user_frame(file: Path, error: BaseException) -> str:
    folder = file.parent.resolve()
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent == folder]
    return f"{Path(ours[-1].filename).name}, line {ours[-1].lineno}" if ours else file.name


def _unload_previous() -> None:
    """Drop the modules of the last try, so that the files are read as they are now."""
    global _folder  # noqa: PLW0603 - like sys.path and sys.modules, one in a process
    if _folder is None:
        return
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None)
        if isinstance(module, ModuleType) and origin and Path(origin).parent == _folder:
            del sys.modules[name]
    sys.path.remove(str(_folder))
    _folder = None
