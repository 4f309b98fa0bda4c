"""Finds environment variables that are meant as settings and are none."""

import dataclasses
import difflib
from collections.abc import Iterable

from app.config.settings import Settings

# MODEL_MODULE_NAME is close to TRAINED_MODEL_MODULE_NAME (0.81); the fetch's MODEL_URI is not
# close to MODEL_DIR (0.78).
_MIN_SIMILARITY = 0.8


def find_misspelled(names: Iterable[str]) -> dict[str, str]:
    """Return the names that are close to a setting's and are none, each with that setting.

    Args:
        names: of all environment variables.

    """
    settings = [field.name for field in dataclasses.fields(Settings)]
    misspelled = {}
    for name in sorted(set(names).difference(settings)):
        if close := difflib.get_close_matches(name.upper(), settings, 1, _MIN_SIMILARITY):
            misspelled[name] = close[0]
    return misspelled
