"""The modules that the model imports from its folder: neighbours, packages, and all in these."""

import sys
from collections.abc import Collection
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import ModuleType


def unload(folder: Path, in_use: Collection[str]) -> None:
    """Forget the modules of a folder, so that the next import reads their files.

    Args:
        folder: the model folder.
        in_use: names of modules to keep: those of the process itself, which may be in the folder.

    """
    modules = sys.modules.copy()  # other threads may import
    packages = {
        name for name, module in modules.items() if "." not in name and _is_in(folder, module)
    }
    # A compiled module, such as NumPy's, cannot be loaded twice in a process.
    packages -= {
        name.partition(".")[0]
        for name, module in modules.items()
        if isinstance(getattr(module, "__loader__", None), ExtensionFileLoader)
    }
    for name in modules.keys() - set(in_use):
        if name.partition(".")[0] in packages:
            sys.modules.pop(name, None)


def _is_in(folder: Path, module: ModuleType) -> bool:
    """Return whether a top-level module is a file in the folder, or a package there."""
    if not isinstance(module, ModuleType):
        return False
    attributes = vars(module)  # not getattr(), for which the module may have code
    file = attributes.get("__file__")
    paths = [*attributes.get("__path__", ()), *([file] if file else [])]
    return any(Path(path).parent == folder for path in paths)
