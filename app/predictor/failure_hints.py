"""What to do about an exception of the user's code, where its cause is a known one."""

import contextlib
import linecache
import os
import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from pickle import UnpicklingError
from types import ModuleType

from app.observability.tracebacks import is_own, last_entry, own_frames
from app.predictor.main_names import name_not_found

# Raised for what is in the files: another attempt with the same files raises them again.
_OF_THE_FILES = (ImportError, SyntaxError, NameError, UnpicklingError)
_RELATIVE_IMPORT = re.compile(r"\s*from\s*\.+\s*([\w.]*)\s*import\s+([\w, ]*)")


def hint_of_failure(file: Path, error: BaseException) -> str:
    """Return what to do about an exception, as the end of its message; empty if that is unknown.

    It names files and modules of the user's, and has no text of the exception.

    Args:
        file: the model module.
        error: what its code raised.

    """
    with contextlib.suppress(BaseException):  # its attributes come from the user's code
        folder = file.parent.resolve()
        if name := name_not_found(error):
            module = file.with_suffix(".py").name
            return f"'{name}' was pickled from the training script: define or import it in {module}"
        if isinstance(error, FileNotFoundError):
            return _of_missing_file(folder, error)
        if isinstance(error, ImportError) and str(error).startswith("attempted relative import"):
            return _of_relative_import(folder, error)
        if isinstance(error, ImportError | AttributeError):
            return _of_module(file, folder, error)
        if isinstance(error, ValueError | RuntimeError) and "only works in main thread" in str(
            error
        ):
            return "the service handles signals: remove the call"
    return ""


def needs_change(file: Path, error: BaseException) -> bool:
    """Return whether an exception will be raised again as long as the model folder is the same.

    Args:
        file: the model module.
        error: what its code raised.

    """
    with contextlib.suppress(BaseException):  # as above
        if isinstance(error, FileNotFoundError):
            path = Path(os.fsdecode(error.filename)).resolve()
            if path.is_relative_to(file.parent.resolve()):
                return True
    return isinstance(error, _OF_THE_FILES) or hint_of_failure(file, error) != ""


def _of_missing_file(folder: Path, error: FileNotFoundError) -> str:
    path = Path(os.fsdecode(error.filename))
    if path.is_absolute() and path.is_relative_to(folder):
        return ""
    for name in (path.as_posix(), path.name):
        if not Path(name).is_absolute() and (folder / name).exists():
            call = f'.with_name("{name}")' if name == path.name else f'.parent / "{name}"'
            return f"the file is in the model folder: write `Path(__file__){call}`"
    return ""


def _of_relative_import(folder: Path, error: ImportError) -> str:
    frame = own_frames(error.__traceback__, folder)[-1]
    source = frame.tb_frame.f_code.co_filename
    linecache.checkcache(source)
    if found := _RELATIVE_IMPORT.match(linecache.getline(source, frame.tb_lineno)):
        module, names = found[1], found[2].strip() or "…"
        absolute = f"from {module} import {names}" if module else f"import {names}"
        return f"the model folder is no package: write `{absolute}`"
    return "the model folder is no package: import without the dots"


def _of_module(file: Path, folder: Path, error: ImportError | AttributeError) -> str:
    """Return what to do where a module is not found, or another one than was meant."""
    name = _module_name(error)
    if not name.isidentifier():
        return ""
    if neighbour := _neighbour(folder, name):
        return _of_taken_name(folder, neighbour, error)
    is_there = name in sys.modules or _is_elsewhere(name)
    if is_there or not isinstance(error, ModuleNotFoundError):
        return ""
    return (
        f"add the package of '{name}' to requirements.txt beside {file.name}, "
        f"or put {name}.py there if it is yours"
    )


def _of_taken_name(folder: Path, neighbour: Path, error: ImportError | AttributeError) -> str:
    """Return what to do where a module of the model folder may have the name of another one."""
    in_use = sys.modules.get(neighbour.stem)
    entry = last_entry(error.__traceback__)
    raised_in = entry.tb_frame.f_code.co_filename if entry else ""
    if in_use is not None and not _is_from(folder, in_use):
        what = f"{neighbour.name} has the name of a Python module in use"
    elif raised_in == str(neighbour):
        what = f"{neighbour.name} imports itself as '{neighbour.stem}'"
    elif not is_own(raised_in, folder) and _is_elsewhere(neighbour.stem):
        what = f"{neighbour.name} has the name of a module that a package imports"
    else:
        return ""
    return f"{what}: rename it"


def _module_name(error: ImportError | AttributeError) -> str:
    """Return the name of the top-level module that an exception is about."""
    if isinstance(error, ImportError):
        return (error.name or "").partition(".")[0]
    return error.obj.__name__.partition(".")[0] if isinstance(error.obj, ModuleType) else ""


def _neighbour(folder: Path, name: str) -> Path | None:
    """Return the module or the package of a name in the model folder."""
    file, package = folder / f"{name}.py", folder / name
    if file.is_file():
        return file
    return package if any(package.glob("*.py")) else None


def _is_from(folder: Path, module: ModuleType) -> bool:
    paths = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(path and is_own(path, folder) for path in paths)


def _is_elsewhere(name: str) -> bool:
    """Return whether Python or an installed package has a module of a name."""
    installed = [path for path in sys.path if "site-packages" in path or "dist-packages" in path]
    return name in sys.stdlib_module_names or PathFinder.find_spec(name, installed) is not None
