"""How the values of a parameter, or of the answer, are distributed: an entry of a profile."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from app.codec import JsonValue
from app.predictor.bins import MAX_CATEGORIES, MAX_EDGES, MAX_NAME, NumberBins, category
from app.predictor.formats import is_date, is_date_time

_DIGITS = 6  # of a share
# Of the values that are known categories: with fewer these are names, IDs or texts of people, which
# have no place in metrics.
_MIN_KNOWN = 0.5


def distribution_of(values: Sequence[JsonValue]) -> dict[str, Any] | None:
    """Return the entry of a profile for some JSON values.

    Numbers have deciles, whole numbers of which there are few are categories.

    Returns:
        None for dates, texts that are rarely the same, arrays, objects, and where all are null.

    """
    known = [value for value in values if value is not None]
    names = [category(value) for value in known]
    null = {"null": round(1 - len(known) / len(values), _DIGITS)}
    if not known or all(isinstance(it, str) and (is_date(it) or is_date_time(it)) for it in known):
        return None
    if all(type(it) in (int, float) for it in known) and (
        None in names or len(set(names)) > MAX_CATEGORIES
    ):
        return _numbers(known, len(values)) | null
    entry = _categories([it for it in names if it is not None and len(it) <= MAX_NAME], len(values))
    is_known = math.fsum(entry["categories"].values()) >= _MIN_KNOWN * len(known) / len(values)
    unknown = round(1 - math.fsum([*entry["categories"].values(), null["null"]]), _DIGITS)
    return entry | {"unknown": max(0, unknown)} | null if is_known else None


def _numbers(values: list[float], total: int) -> dict[str, Any]:
    last = MAX_EDGES - 1
    ordered = sorted(values)
    edges = sorted({ordered[step * (len(values) - 1) // last] for step in range(MAX_EDGES)})
    bins = range(1, max(2, len(edges)))
    counts = NumberBins(edges, [0] * len(bins), 0).count(values)
    return {"edges": edges, "shares": [round(counts.get(it, 0) / total, _DIGITS) for it in bins]}


def _categories(names: list[str], total: int) -> dict[str, Any]:
    """Return the most frequent names; one that is there but once may be a person's."""
    common = {name: n for name, n in Counter(names).most_common(MAX_CATEGORIES) if n > 1}
    return {"categories": {name: round(n / total, _DIGITS) for name, n in common.items()}}
