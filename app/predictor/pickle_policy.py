"""Applies PICKLE_POLICY: which pickles a model may load.

The files of the model folder are examined before anything of the model runs. A model may load
others, or a pickle within another format: while its code runs, an audit hook rejects each import
that is not allowed, in whatever way it is unpickled.
"""

import os
import sys
import threading
from functools import cache, cached_property
from pathlib import Path
from pickle import UnpicklingError

from app.config.settings import Settings
from app.errors import ModelError
from app.predictor.model_files import files_of
from app.predictor.pickle_imports import PickleImports, import_name, list_imports
from app.text import truncate

_SKLEARN = "scikit-learn"
_SKLEARN_IMPORTS = Path(__file__).with_name("sklearn_imports.txt")
_MAX_SHOWN = 1000


class PicklePolicy:
    """What the model may unpickle."""

    def __init__(self, settings: Settings) -> None:
        """Apply PICKLE_POLICY with PICKLE_ALLOWED."""
        self._policy = settings.PICKLE_POLICY
        self._setting = settings.PICKLE_ALLOWED

    @cached_property
    def allowed(self) -> set[str]:
        """What PICKLE_ALLOWED lists, as `module.name`."""
        names = set(self._setting.split(","))
        if _SKLEARN in names:
            names |= set(_SKLEARN_IMPORTS.read_text(encoding="ascii").splitlines())
        return names

    def check(self, folder: Path) -> None:
        """Examine every file in a model folder, without unpickling.

        Raises:
            ModelError: one is a pickle that the policy does not allow.

        """
        if self._policy == "allow":
            return
        for file in files_of(folder):
            pickle = list_imports(file)
            if pickle.is_pickle and (error := self._error(pickle)):
                raise ModelError(f"{file.relative_to(folder)} {error}")

    def enforce(self) -> None:
        """Reject the imports of pickles in this thread of this process from now on.

        A load of such a pickle raises pickle.UnpicklingError.
        """
        if self._policy != "allow":
            _enforced.policy, _enforced.process = self, os.getpid()
            _install_hook()

    def check_import(self, module: str, name: str) -> None:
        """Check an import of a pickle that is being loaded.

        Raises:
            pickle.UnpicklingError: the policy does not allow it.

        """
        if error := self._error(PickleImports({import_name(module, name)})):
            raise UnpicklingError(f"What is loaded {error}")

    def _error(self, pickle: PickleImports) -> str | None:
        if self._policy == "forbid":
            return "is a pickle, which PICKLE_POLICY forbids: save the model with skops or as ONNX"
        if refused := sorted(pickle.names - self.allowed):
            return (
                f"would import {_one_line(', '.join(refused))} if it were unpickled, "
                "which PICKLE_ALLOWED does not list: add it if you trust it"
            )
        if pickle.error:
            return (
                "is a pickle that cannot be read to its end, so PICKLE_POLICY rejects it: "
                f"{_one_line(pickle.error)}"
            )
        return None


def _one_line(text: str) -> str:
    """Return a text that comes from a pickle, with escapes for all but printable ASCII."""
    return truncate(text.encode("unicode_escape").decode("ascii"), _MAX_SHOWN)


class _Enforced(threading.local):
    """What holds in a thread, unless it runs in a process that was forked later."""

    policy: PicklePolicy | None = None
    process = 0


_enforced = _Enforced()


@cache
def _install_hook() -> None:
    """Install an audit hook, which stays for the life of the process.

    Each kind of Unpickler raises the event before it imports, see
    https://docs.python.org/3/library/audit_events.html.
    """
    sys.addaudithook(_on_audit_event)


def _on_audit_event(event: str, arguments: tuple[str, ...]) -> None:
    if event == "pickle.find_class" and _enforced.policy and _enforced.process == os.getpid():
        _enforced.policy.check_import(*arguments)
