"""Lists what a pickle would import, without importing or calling any of it.

Python's own Unpickler runs the pickle with a stand-in for everything that it imports. joblib writes
the data of arrays between the instructions: it is skipped as `joblib.load()` reads it, and the file
is run once more as `pickle.load()` would.
"""

import importlib.util
import math
import pickle
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple, Self

from app.predictor.pickle_content import Content

_SUFFIXES = (".joblib", ".pkl", ".pickle")
# How protocols 2 to 5 start. Protocols 0 and 1 start with any instruction.
_STARTS = tuple(pickle.PROTO + bytes([protocol]) for protocol in range(2, 6))
_ARRAY_WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
_WRAPPER_ATTRIBUTES = {
    "subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes",
}  # fmt: skip


class PickleImports(NamedTuple):
    """What a file would import if it were unpickled.

    Attributes:
        names: what it would import, see `import_name`.
        is_pickle: whether its content or its name is that of a pickle.
        error: why the file was not read to its end, so that `names` may be incomplete.

    """

    names: set[str]
    is_pickle: bool = True
    error: str | None = None


def list_imports(file: Path) -> PickleImports:
    """Return what a file would import if it were unpickled.

    Args:
        file: of any kind: a pickle or joblib file, compressed or not, with one pickle or several
            in a row. One that cannot be read has an error.

    """
    names: set[str] = set()
    starts_like_one, has_arrays, error = _run(file, names, follow_arrays=True)
    if has_arrays:
        _run(file, names, follow_arrays=False)  # where it does not end: it was written by joblib
    is_pickle = starts_like_one or file.suffix.lower() in _SUFFIXES
    if not is_pickle:  # a text such as "cat\ndog\n" starts like an import of protocol 0
        names = set(filter(_is_installed, names))
    return PickleImports(names, is_pickle or bool(names), error)


def import_name(module: str, name: str) -> str:
    """Return the name of an import as `module.name`; an attribute of an attribute gets a `:`.

    So no module's attribute passes as a module: `a.b` is not the `a:b.c` that starts with it.
    """
    return f"{module}{':' if '.' in name else '.'}{name}"


def _is_installed(name: str) -> bool:
    package = re.split("[.:]", name)[0]
    if package in sys.modules:  # find_spec() fails for one without a specification: __main__
        return True
    return package.isidentifier() and importlib.util.find_spec(package) is not None


def _run(file: Path, names: set[str], *, follow_arrays: bool) -> tuple[bool, bool, str | None]:
    """Run every pickle in a file, and add what they import to `names`.

    Returns:
        whether it starts like a pickle, whether it has arrays of joblib's, and what failed.

    """
    starts_like_one = has_arrays = False
    try:
        with file.open("rb") as stream:
            content = Content(stream)
            starts_like_one = content.starts_with(_STARTS)
            while content.has_more():
                unpickler = _DryUnpickler(content, names, follow_arrays=follow_arrays)
                try:
                    unpickler.load()
                finally:
                    has_arrays |= unpickler.has_arrays
    except Exception as error:  # noqa: BLE001 - a crafted file may raise anything
        return starts_like_one, has_arrays, f"{type(error).__name__}: {error}"
    return starts_like_one, has_arrays, None


class _StandIn:
    """What a pickle gets for all that it imports and makes: it takes everything, and does nothing.

    Its methods are those that the instructions of a pickle call.
    """

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        return super().__new__(cls)

    def __init__(self, *args: object, **kwargs: object) -> None:
        pass

    def __call__(self, *_args: object, **_kwargs: object) -> "_StandIn":
        return _StandIn()

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass

    def append(self, item: object) -> None:
        pass

    def extend(self, items: object) -> None:
        pass

    def add(self, item: object) -> None:
        pass


class _DryUnpickler(pickle.Unpickler):
    """Runs a pickle, and imports nothing."""

    def __init__(self, content: Content, names: set[str], *, follow_arrays: bool) -> None:
        super().__init__(content, encoding="latin1")  # which decodes every text of Python 2
        self.has_arrays = False
        self._content = content
        self._names = names
        self._follow_arrays = follow_arrays

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - as its base
        full_name = import_name(module, name)
        self._names.add(full_name)
        if full_name == "numpy.dtype":
            import numpy as np  # noqa: PLC0415 - only where the policy asks for it

            return np.dtype
        if full_name == _ARRAY_WRAPPER:
            self.has_arrays = True
            if self._follow_arrays:
                return type("_ArrayStandIn", (_ArrayStandIn,), {"unpickler": self})
        return _StandIn

    def persistent_load(self, _pid: object) -> Any:  # noqa: ANN401 - as its base
        return _StandIn()

    def skip_array(self, state: dict[str, Any]) -> None:
        """Skip the data that follow a wrapper of joblib's with this state."""
        dtype = state["dtype"]
        if dtype.hasobject:
            _DryUnpickler(self._content, self._names, follow_arrays=True).load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            self._content.skip(self._content.read(1)[0])
        self._content.skip(math.prod(state["shape"]) * dtype.itemsize)


class _ArrayStandIn(_StandIn):
    """Stands in for joblib's wrapper of an array."""

    unpickler: _DryUnpickler
    is_built = False

    def __setstate__(self, state: object) -> None:
        if self.is_built or not isinstance(state, dict) or not state.keys() <= _WRAPPER_ATTRIBUTES:
            raise pickle.UnpicklingError("an array is not wrapped as joblib does it")
        self.is_built = True
        self.unpickler.skip_array(state)
