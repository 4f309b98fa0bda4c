"""The user's module: found in the model folder, imported, its functions checked and called.

Whatever its code raises while it is loaded, an exit included, becomes a ModelError of one line.
"""

import contextlib
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import NoReturn, Protocol, TypeGuard, TypeVar, cast

from app.codec import JsonValue, Row
from app.errors import ModelError, TransientModelError
from app.observability.logs import keep_service_loggers
from app.observability.tracebacks import own_frames
from app.predictor.failure_hints import hint_of_failure, needs_change
from app.predictor.main_names import serve_main_names
from app.predictor.module_functions import check_functions
from app.predictor.neighbours import unload
from app.predictor.script_arguments import arguments_of
from app.text import escape_surrogates, truncate

T = TypeVar("T")

_MAX_SHOWN = 1000


class ModelModule(Protocol):
    """The functions of a model module; only `run` is required (see model/README.md)."""

    __name__: str

    def sample(self) -> Row:
        """Return an example value for each parameter."""

    def init(self) -> None:
        """Load everything that `run` needs."""

    def run(self, input_data: Row) -> JsonValue:
        """Return the prediction for one parsed JSON object."""

    def run_batch(self, rows: list[Row]) -> list[JsonValue]:
        """Return one prediction per row, in order."""


def find_module(folder: Path, name: str) -> Path:
    """Return the file of the model module.

    Args:
        folder: the model folder.
        name: the module's file name, with or without `.py`; empty: the only module there.

    Raises:
        ModelError: there is no such file, or the name is empty and there is not exactly one.

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
                f"put {stem}.py or one model file (.joblib, .pkl, .skops, .onnx, …) there, or set "
                "TRAINED_MODEL_MODULE_NAME"
            )
            raise ModelError(msg)
        return file
    if len(files) != 1:
        msg = (
            f"TRAINED_MODEL_MODULE_NAME is empty and the model folder holds {listing}: "
            "name one of them, or keep exactly one, or one model file without any, in the folder"
        )
        raise ModelError(msg)
    return files[0]


class _ModelFileLoader(SourceFileLoader):
    """Marks, in `sys.modules`, the modules that were loaded as models.

    Attributes:
        in_use: the names of the modules that were imported before.

    """

    def __init__(self, name: str, path: str) -> None:
        """Prepare to load the module `name` from `path`."""
        super().__init__(name, path)
        self.in_use = frozenset(sys.modules)

    def path_stats(self, path: str) -> NoReturn:
        """Keep from using bytecode: a file may change twice in the second that it is dated by."""
        raise OSError(f"no bytecode of {path}")


def load_module(file: Path) -> ModelModule:
    """Import the model module and its neighbours, as their files are now.

    Raises:
        ModelError: it cannot be imported, or its functions are not those of a model.

    """
    unload_models()
    name, path = file.stem, file.parent.resolve() / file.name
    if name in sys.modules:
        raise ModelError(
            f"Model module '{name}' has the name of a Python module in use: rename {file.name}"
        )
    sys.path.insert(0, str(path.parent))
    importlib.invalidate_caches()
    loader = _ModelFileLoader(name, str(path))
    # Only a file without a loader has no spec.
    spec = cast("ModuleSpec", importlib.util.spec_from_file_location(name, path, loader=loader))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be unpickled
    serve_main_names(module)
    call_user_code(file, "import", lambda: loader.exec_module(module))
    check_functions(file, module)
    return cast("ModelModule", module)


def unload_models() -> None:
    """Drop each loaded model, its neighbours and its folder, so that a retry reads them again."""
    for module in list(sys.modules.values()):
        if isinstance(loader := getattr(module, "__loader__", None), _ModelFileLoader):
            folder = Path(loader.path).parent
            unload(folder, loader.in_use)
            sys.path[:] = [entry for entry in sys.path if Path(entry) != folder]


def read_sample(file: Path, module: ModelModule) -> Row | None:
    """Return the result of the module's `sample()`; None without that function.

    Raises:
        ModelError: it raised, or did not return a dict with string keys.

    """
    if not hasattr(module, "sample"):
        return None
    sample = call_user_code(file, "sample()", module.sample)
    if not isinstance(sample, dict):
        msg = (
            f"sample() in {file.name} returned a {type(sample).__name__}: "
            "return a dict of parameter names to example values"
        )
        raise ModelError(msg)
    for key in sample:
        if not isinstance(key, str):
            raise ModelError(
                f"sample() in {file.name} has the key {key!r}: parameter names must be strings"
            )
    return dict(sample)


def call_user_code(file: Path, action: str, function: Callable[[], T]) -> T:
    """Call the user's code.

    Args:
        file: the model module.
        action: names the call in the error message.
        function: makes the call.

    Raises:
        ModelError: the code raised, which is the cause; the message says what and where.

    """
    try:
        with arguments_of(file):
            return function()
    except BaseException as error:
        raise load_error_type(file, error)(*describe_failure(file, action, error)) from error
    finally:
        keep_service_loggers()


def load_error_type(file: Path, error: BaseException | None) -> type[ModelError]:
    """Return the type of a load's error by what was raised, if anything was."""
    return ModelError if error is None or needs_change(file, error) else TransientModelError


def describe_failure(file: Path, action: str, error: BaseException) -> tuple[str, str]:
    """Return the message and the `reason` of a ServiceError for what the user's code raised.

    Args:
        file: the model module.
        action: names the call that failed.
        error: what it raised.

    """
    what = _syntax_error_place(error) or f"{action} failed at {user_frame(file, error)}"
    hint = hint_of_failure(file, error)
    end = f"; {hint}" if hint else ""
    return f"{what}: {format_exception_line(error)}{end}", f"{what}: {type_name(error)}{end}"


def format_exception_line(error: BaseException) -> str:
    """Return an exception's type and the first line of its text, even of a broken exception."""
    text = ""
    with contextlib.suppress(BaseException):  # its text comes from the user's code
        text = first_line(error.msg if _is_of_compiler(error) else str(error))
    return f"{type_name(error)}: {text}" if text else type_name(error)


def type_name(value: object) -> str:
    """Return the name of a value's type, whatever its metaclass says."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return first_line(name)


def first_line(text: str) -> str:
    """Return the first line of a text of the user's, for a message."""
    lines = escape_surrogates(text).strip().splitlines()
    return truncate(lines[0], _MAX_SHOWN) if lines else ""


def _is_of_compiler(error: BaseException) -> TypeGuard[SyntaxError]:
    """Return whether a file could not be compiled; others raise a SyntaxError, too."""
    return (
        isinstance(error, SyntaxError)
        and isinstance(error.filename, str)
        and isinstance(error.lineno, int)
        and Path(error.filename).is_file()
    )


def _syntax_error_place(error: BaseException) -> str:
    """Return where a file could not be compiled; empty for any other error."""
    place = ""
    with contextlib.suppress(BaseException):
        if _is_of_compiler(error):
            place = f"{Path(str(error.filename)).name}, line {error.lineno}"
    return place


def user_frame(file: Path, error: BaseException) -> str:
    """Return the file and line in the model folder where an exception came from."""
    place = file.name
    with contextlib.suppress(BaseException):
        folder = file.parent.resolve()
        for entry in own_frames(error.__traceback__, folder):
            path = Path(entry.tb_frame.f_code.co_filename).relative_to(folder)
            place = f"{path}, line {entry.tb_lineno}"
    return place
