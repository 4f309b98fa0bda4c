"""Names of `__main__` that are the served module's.

A class of the script that trained a model is pickled as `__main__.Ratio`, and `__main__` is the
server here. What it does not have itself is looked up in the served module (PEP 562).
"""

import sys
from types import ModuleType

_served: ModuleType | None = None
_not_found: set[str] = set()


def serve_main_names(module: ModuleType) -> None:
    """Look up names of `__main__` in a module from now on, while it is imported too."""
    global _served  # noqa: PLW0603 - there is one `__main__`
    _served = module
    _not_found.clear()
    vars(sys.modules["__main__"])["__getattr__"] = _look_up


def name_not_found(error: BaseException) -> str | None:
    """Return the name of `__main__` that an AttributeError is about, if it was not found.

    Unpicklers replace the text of the exception that `_look_up` raises.
    """
    if isinstance(error, AttributeError):
        return next((name for name in _not_found if f"'{name}" in str(error)), None)
    return None


def _look_up(name: str) -> object:
    is_special = name.startswith("__") and name.endswith("__")
    if not is_special and name in vars(_served):
        return vars(_served)[name]
    if not is_special:
        _not_found.add(name)
    raise AttributeError(f"module '__main__' has no attribute '{name}'")
