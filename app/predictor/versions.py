"""Compares the versions that a model was trained with to those that run.

A record beside the module, `<module>.json`, names the training versions, as `model/train.py`
writes it:

    {"made_with": {"python": "3.13.0", "scikit-learn": "1.9.1"}}

The version that scikit-learn writes into its pickles is compared too, for every pickle in the
folder. pickled_version.py finds it without unpickling.
"""

import contextlib
import json
import logging
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from app.codec import JsonValue
from app.errors import ModelError
from app.predictor.pickled_version import sklearn_version_of_pickle
from app.text import escape_surrogates

_log = logging.getLogger(__name__)

_PICKLES = ("*.joblib", "*.pkl", "*.pickle")

# A record has a few lines; a larger file is another thing, such as a model's own.
_MAX_RECORD_SIZE = 2**20


class TrainingVersion(NamedTuple):
    """A version that a model was trained with.

    Attributes:
        file: what names it: the record, or a pickle.
        package: a distribution's name, or "python".
        version: its version then.

    """

    file: str
    package: str
    version: str


def check_versions(file: Path, policy: str) -> None:
    """Warn of versions that differ in major or minor from those that run, or refuse them.

    Args:
        file: the model module.
        policy: VERSION_CHECK: warn, refuse or off.

    Raises:
        ModelError: versions differ and the policy is to refuse, or the record is invalid.

    """
    mismatches = [] if policy == "off" else version_mismatches(file)
    if not mismatches:
        return
    message = (
        f"The model was trained with {', '.join(mismatches)}: train it again, or pin the versions"
    )
    if policy == "refuse":
        raise ModelError(message)
    _log.warning(message)


def version_mismatches(file: Path) -> list[str]:
    """Return a description of each training version that differs from the one that runs.

    Args:
        file: the model module.

    Raises:
        ModelError: the record beside it is invalid.

    """
    return [
        f"{package} {trained} (runs: {running or 'none'}; {name})"
        for name, package, trained in training_versions(file)
        if _major_minor(trained) != _major_minor(running := _running_version(package))
    ]


def training_versions(file: Path) -> Iterator[TrainingVersion]:
    """Yield the versions that the model module's record and the folder's pickles name.

    Raises:
        ModelError: the record is invalid.

    """
    record = file.with_suffix(".json")
    for package, trained in sorted(_recorded_versions(record).items()):
        yield TrainingVersion(record.name, package, trained)
    for pickle in sorted(path for pattern in _PICKLES for path in file.parent.glob(pattern)):
        if found := sklearn_version_of_pickle(pickle):
            yield TrainingVersion(pickle.name, "scikit-learn", found)


def _recorded_versions(record: Path) -> dict[str, str]:
    """Return the versions in the record; none if there is no file, or it is about another thing."""
    content: JsonValue = None
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if record.is_file() and record.stat().st_size <= _MAX_RECORD_SIZE:
            content = json.loads(record.read_bytes())
    versions = content.get("made_with") if isinstance(content, dict) else None
    if versions is None:
        return {}
    if not isinstance(versions, dict):
        raise ModelError(f'{record.name}: "made_with" must be an object of package versions')
    return {
        escape_surrogates(str(name)): escape_surrogates(str(trained))
        for name, trained in versions.items()
    }


def _running_version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):  # which an empty name raises
        return ""


def _major_minor(version_: str) -> list[str]:
    return version_.split(".")[:2]
