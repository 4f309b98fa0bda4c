"""The profile of the training data, `<module>.profile.json`: how its values are distributed.

    {
      "input": {
        "docks": {"edges": [10, 15, 20, 59], "shares": [0.3, 0.3, 0.4], "null": 0},
        "weather": {"categories": {"clear": 0.7, "rain": 0.2}, "unknown": 0.1, "null": 0}
      },
      "answer": {"": {"edges": [0, 12.5], "shares": [1]}}
    }

A number belongs to the bin that begins at the greatest edge up to it, and the maximum to the last
bin. Edges that are equal are one. A share is that of the training data; those of a name are 1
together. The answer that is no object has the name "". `python -m app profile` writes the file.
"""

import json
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from app.codec import JsonValue, decode
from app.errors import ModelError
from app.predictor.bins import MAX_CATEGORIES, MAX_EDGES, MAX_NAME, CategoryBins, NumberBins
from app.text import truncate

MAX_NAMES = 50  # of a source that are counted
_MAX_SIZE = 2**20
_MAX_SHOWN = 200

_log = logging.getLogger(__name__)

_SOURCES = ("input", "answer")
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_NUMBER = {
    "type": "object",
    "properties": {
        "edges": {
            "type": "array",
            "items": {"type": "number"},
            "minItems": 1,
            "maxItems": MAX_EDGES,
        },
        "shares": {"type": "array", "items": _SHARE, "minItems": 1},
        "null": _SHARE,
    },
    "required": ["edges", "shares"],
    "additionalProperties": False,
}
_CATEGORY = {
    "type": "object",
    "properties": {
        "categories": {
            "type": "object",
            "additionalProperties": _SHARE,
            "propertyNames": {"maxLength": MAX_NAME},
            "maxProperties": MAX_CATEGORIES,
        },
        "unknown": _SHARE,
        "null": _SHARE,
    },
    "required": ["categories"],
    "additionalProperties": False,
}
_NAMES = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "if": {"required": ["edges"]},
        "then": _NUMBER,
        "else": _CATEGORY,
    },
}
_validator = Draft7Validator(
    {
        "type": "object",
        "properties": {"input": _NAMES, "answer": _NAMES},
        "additionalProperties": False,
    }
)

Bins: TypeAlias = NumberBins | CategoryBins


@dataclass(frozen=True)
class Profile:
    """How the values of the training data are distributed: the bins of each name."""

    input: Mapping[str, Bins]
    answer: Mapping[str, Bins]

    def __iter__(self) -> Iterator[tuple[str, str, Bins]]:
        """Yield source, name and bins."""
        for source, names in (("input", self.input), ("answer", self.answer)):
            for name, bins in names.items():
                yield source, name, bins


def profile_path(file: Path) -> Path:
    """Return where the profile of a module, or of a model file, is."""
    return file.with_suffix(".profile.json")


def read_profile(file: Path, parameters: Sequence[str]) -> Profile | None:
    """Return the profile beside a module; None without the file.

    Args:
        file: the module, or the model file.
        parameters: the names of the model's parameters; empty where it takes any.

    Raises:
        ModelError: the file cannot be read, is not of the form above, or has a name that is no
            parameter.

    """
    path = profile_path(file)
    try:
        if not path.exists():
            return None
        if not path.is_file():  # reading a pipe would wait for its writer
            raise ModelError(f"{path.name} is not a file: rename it, or write the profile there")
        if path.stat().st_size > _MAX_SIZE:
            raise _error(path, "", "has more than 1 MiB")
        content = decode(path.read_bytes())
    except OSError as error:
        raise ModelError(
            f"{path.name} cannot be read: {error.strerror}: give the service access to it"
        ) from error
    except ValueError as error:
        raise _error(path, "", f"is no JSON: {error}") from error
    if wrong := best_match(_validator.iter_errors(content)):
        place = ".".join(map(str, wrong.absolute_path))
        raise _error(path, place, truncate(wrong.message, _MAX_SHOWN))
    profile = {source: _bins_of(path, source, content.get(source, {})) for source in _SOURCES}
    for name in profile["input"]:
        if parameters and name not in parameters:
            known = truncate(", ".join(parameters), _MAX_SHOWN)
            raise _error(path, "input", f"{name!r} is no parameter of the model, which has {known}")
    return Profile(**profile)


def _bins_of(path: Path, source: str, names: Mapping[str, JsonValue]) -> dict[str, Bins]:
    if len(names) > MAX_NAMES:
        _log.warning(
            "%s has %d names in its %s: the first %d are counted",
            path.name,
            len(names),
            source,
            MAX_NAMES,
        )
    return {
        name: _bins(path, f"{source}.{name}", entry)
        for name, entry in list(names.items())[:MAX_NAMES]
    }


def _bins(path: Path, place: str, entry: Mapping[str, JsonValue]) -> Bins:
    null = entry.get("null", 0)
    unknown = entry.get("unknown", 0)
    if "edges" in entry:
        edges, shares = entry["edges"], entry["shares"]
        if any(two <= one for one, two in pairwise(edges)):
            raise _error(path, f"{place}.edges", "do not ascend")
        if len(shares) != max(1, len(edges) - 1):
            raise _error(path, f"{place}.shares", f"do not fit {len(edges)} edges: one for a bin")
    else:
        shares = [*entry["categories"].values()]
    total = math.fsum([*shares, unknown, null])
    if not math.isclose(total, 1, abs_tol=0.01):
        raise _error(path, place, f"has shares of {total:.3g} together, not 1")
    if "edges" in entry:
        return NumberBins(edges, shares, null)
    return CategoryBins(entry["categories"], unknown, null)


def _error(path: Path, place: str, message: str) -> ModelError:
    at = f" at {truncate(json.dumps(place, ensure_ascii=False), _MAX_SHOWN)}" if place else ""
    return ModelError(f"{path.name}{at}: {message}: write it with `python -m app profile`")
