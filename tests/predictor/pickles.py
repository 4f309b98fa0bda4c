"""Pickles that run code which no model needs, in the ways that are known to pass for others.

Each is a function that writes a file into a folder. What is loaded creates the file MARK.
"""

import bz2
import gzip
import io
import lzma
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np

MARK = "pickle-was-here"
COMMAND = f"touch {MARK}"


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.reduced = (function, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


EVIL = Call(os.system, COMMAND)
_LINE = COMMAND.encode()


def pickled(content: object, protocol: int = 4) -> bytes:
    return pickle.dumps(content, protocol)


def dumped(content: object) -> bytes:
    file = io.BytesIO()
    joblib.dump(content, file)
    return file.getvalue()


def _text(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _imported(module: str, name: str) -> bytes:
    """Return the instructions that import something by two strings of the stack."""
    return _text(module) + _text(name) + b"\x93"


def _called(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def _program(*instructions: bytes) -> bytes:
    return b"\x80\x04" + b"".join(instructions) + b"."


SYSTEM = _imported("os", "system")
EVIL_CALL = _called(SYSTEM, _text(COMMAND))


def _wrapper(**state: Any) -> bytes:
    """Return the instructions that make joblib's wrapper of an array, with this state."""
    made = _imported("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
    return made + _state(**state)


def _state(**state: Any) -> bytes:
    """Return the instructions that set a wrapper's state."""
    plain = {"subclass": None, "shape": (0,), "order": "C", "dtype": np.dtype("f8")} | state
    return pickle.dumps(plain, 4)[2:-1] + b"b"


ARRAY = np.arange(5.0)
# By name: what the file contains, and a part of the line that rejects it.
STATIC: dict[str, tuple[bytes, str]] = {
    "a call by `__reduce__`": (pickled(EVIL), "posix.system"),
    "protocol 0, as text": (b"cos\nsystem\n(S'" + _LINE + b"'\ntR.", "os.system"),
    "the instruction `INST`": (b"(S'" + _LINE + b"'\nios\nsystem\n.", "os.system"),
    "the instruction `OBJ`": (b"(cos\nsystem\nS'" + _LINE + b"'\no.", "os.system"),
    "a name of Python 2, `__builtin__.eval`": (b"c__builtin__\neval\n(S'1'\ntR.", "__builtin__.eval"),
    "`builtins.eval`": (pickled(Call(eval, "1")), "builtins.eval"),
    "`builtins.getattr`": (pickled(Call(getattr, np.ndarray, "dump")), "builtins.getattr"),
    "`operator.attrgetter`": (_program(_called(_imported("operator", "attrgetter"), _text("a"))), "operator.attrgetter"),
    "`operator.methodcaller`": (_program(_called(_imported("operator", "methodcaller"), _text("a"))), "operator.methodcaller"),
    "`functools.partial`": (_program(_called(_imported("functools", "partial"), SYSTEM)), "functools.partial"),
    "`importlib.import_module`": (_program(_called(_imported("importlib", "import_module"), _text("os"))), "importlib.import_module"),
    "`copyreg.add_extension`": (_program(_imported("copyreg", "add_extension")), "copyreg.add_extension"),
    "a code of copyreg's registry": (_program(b"\x82\x01"), "cannot be read"),
    "a pickle in the bytes of another": (pickled(Call(pickle.loads, pickled(EVIL))), "_pickle.loads"),
    "an attribute of an attribute, `os.system` of `numpy`": (_program(_imported("numpy", "os.system")), "numpy:os.system"),
    "a module that another imports, `sklearn.base.warnings`": (_program(_imported("sklearn.base", "warnings")), "sklearn.base.warnings"),
    "numpy's `runstring`": (_program(_imported("numpy.testing._private.utils", "runstring")), "runstring"),
    "numpy's `myeval`": (_program(_imported("numpy.f2py.crackfortran", "myeval")), "myeval"),
    "`numpy.load`": (_program(_imported("numpy", "load")), "numpy.load"),
    "`joblib.load`": (_program(_imported("joblib", "load")), "joblib.load"),
    "joblib's `BatchedCalls`": (_program(_imported("joblib.parallel", "BatchedCalls")), "BatchedCalls"),
    "scikit-learn's `_FuncWrapper`": (_program(_imported("sklearn.utils.parallel", "_FuncWrapper")), "_FuncWrapper"),
    "pandas' `eval`": (_program(_imported("pandas.core.computation.eval", "eval")), "pandas.core"),
    "a name from strings in the memo": (_program(b"\x8c\x02os\x94\x8c\x06system\x940h\x00h\x01\x93"), "os.system"),
    "a second pickle behind the first": (pickled(1) + pickled(EVIL), "posix.system"),
    "a pickle that breaks off after its call": (_program(EVIL_CALL)[:-1] + b"\xff", "os.system"),
    "a pickle that cannot be read": (b"\x80\x04\xff", "cannot be read"),
    "a call behind the data of a joblib array": (dumped([ARRAY, EVIL]), "posix.system"),
    "a call in a joblib array of objects": (dumped([np.array([EVIL], dtype=object)]), "posix.system"),
    "the same, compressed with zlib": (zlib.compress(pickled(EVIL)), "posix.system"),
    "… with gzip": (gzip.compress(dumped([ARRAY, EVIL])), "posix.system"),
    "… with bz2": (bz2.compress(dumped([ARRAY, EVIL])), "posix.system"),
    "… with xz": (lzma.compress(dumped([ARRAY, EVIL]), preset=9), "posix.system"),
    "a pickle in two members of gzip": (
        gzip.compress(pickled(EVIL)[:20]) + gzip.compress(pickled(EVIL)[20:]), "cannot be read",
    ),
    "data of a joblib array that are instructions to `pickle.load()`": (
        _program(_wrapper(shape=(len(EVIL_CALL) + 1,), dtype=np.dtype("u1")), EVIL_CALL + b".", b"N"),
        "os.system",
    ),
    "a joblib array with a method of its own": (_program(_wrapper(read=1)), "cannot be read"),
    "a joblib array whose state is set twice": (_program(_wrapper(), _state()), "cannot be read"),
    "a joblib array with a negative length": (_program(_wrapper(shape=(-8,))), "cannot be read"),
    "a joblib array longer than the file": (_program(_wrapper(shape=(10**9,))), "cannot be read"),
    "attributes set on a class": (
        _program(_imported("sklearn.pipeline", "Pipeline"), b"N}\x8c\x01aNs\x86b"), "cannot be read",
    ),
    "a call behind nested lists": (_program(b"(" * 10 + b"l" * 10, SYSTEM), "os.system"),
}  # fmt: skip


def _npy(folder: Path) -> None:
    np.save(folder / "data.npy", np.array([EVIL], dtype=object), allow_pickle=True)


def _npz(folder: Path) -> None:
    np.savez(folder / "data.npz", data=np.array([EVIL], dtype=object))


def _in_a_zip(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickled(EVIL))


def _encoded(folder: Path) -> None:
    (folder / "labels.txt").write_text(pickled(EVIL).hex())


# By name: what writes a file in which no pickle is found, and how a module loads it.
AT_LOAD: dict[str, tuple[Callable[[Path], None], str]] = {
    "an `.npy` of objects": (_npy, "numpy.load(content('data.npy'), allow_pickle=True)"),
    "an `.npz` of objects": (_npz, "numpy.load(content('data.npz'), allow_pickle=True)['data']"),
    "a member of a zip, as PyTorch's": (
        _in_a_zip, "pickle.loads(zipfile.ZipFile(content('model.pt')).read('archive/data.pkl'))",
    ),
    "a pickle encoded as text": (
        _encoded, "pickle.loads(decoded('labels.txt'))",
    ),
    "the same, read by Python's own `_Unpickler`": (
        _encoded,
        "pickle._Unpickler(io.BytesIO(decoded('labels.txt'))).load()",
    ),
    "… by `pandas.read_pickle()`": (
        _encoded,
        "pandas.read_pickle(io.BytesIO(decoded('labels.txt')))",
    ),
}  # fmt: skip
