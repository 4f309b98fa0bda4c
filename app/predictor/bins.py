"""The bins that the values of a parameter, or of the answer, are counted in.

At most 14 for a name, each of which is a time series of the metrics.
"""

import json
import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from app.codec import JsonValue, decode, encode

MAX_EDGES = 11  # ten bins; below, above, unknown and null are the others
MAX_CATEGORIES = 12  # unknown and null are the others
MAX_NAME = 100  # characters of a category

Counts: TypeAlias = Mapping[int, int]  # by the position of the bin

_NUMBERS = {int, float}
_PLAIN = {int, float, str, bool, type(None)}
_SPECIAL = ("below", "above", "unknown", "null")
_NO_PLAIN = object()


class NumberBins:
    """The bins of numbers.

    Attributes:
        labels: of the bins: below, 1 to 10 at most, above, unknown (no number), null.
        expected: the share of each in the training data.

    """

    def __init__(self, edges: Sequence[float], shares: Sequence[float], null: float) -> None:
        """Divide at `edges`, which ascend: the minimum, what is between two bins, the maximum."""
        self.labels = ("below", *map(str, range(1, len(shares) + 1)), "above", "unknown", "null")
        self.expected = (0.0, *shares, 0.0, 0.0, null)
        self._null = len(self.labels) - 1
        # The maximum belongs to the last bin.
        bounds = [*edges[: len(shares)], math.nextafter(edges[-1], math.inf)]
        self._find: Callable[[float], int] = partial(bisect_right, bounds)

    def count(self, values: Sequence[JsonValue]) -> Counts:
        """Return how many values are in each bin."""
        try:
            # A sum is not finite where a value is not.
            if {*map(type, values)} <= _NUMBERS and math.isfinite(sum(values)):
                return Counter(map(self._find, values))
        except OverflowError:  # an integer that is no float
            pass
        return Counter(map(self._bin_of, values))

    def _bin_of(self, value: JsonValue) -> int:
        value = plain(value)
        if type(value) not in _NUMBERS:
            return self._null if value is None else self._null - 1
        # As JSON has it: NaN and infinities are null.
        is_finite = type(value) is int or math.isfinite(value)
        return self._find(value) if is_finite else self._null


class CategoryBins:
    """The bins of texts, booleans and whole numbers, of which there are few.

    Attributes:
        labels: of the bins: the categories, unknown, null.
        expected: the share of each in the training data.

    """

    def __init__(self, shares: Mapping[str, float], unknown: float, null: float) -> None:
        """Know categories, each with its share."""
        self.labels = (*map(_label, shares), "unknown", "null")
        self.expected = (*shares.values(), unknown, null)
        self._positions = {text: position for position, text in enumerate(shares)}
        self._unknown = len(shares)

    def count(self, values: Sequence[JsonValue]) -> Counts:
        """Return how many values are in each bin."""
        kinds = {*map(type, values)}
        if not kinds <= _PLAIN or (bool in kinds and kinds & _NUMBERS):  # True == 1
            return Counter(map(self._bin_of, values))
        counts: Counter[int] = Counter()
        for value, number in Counter(values).items():
            counts[self._bin_of(value)] += number
        return counts

    def _bin_of(self, value: JsonValue) -> int:
        value = plain(value)
        if value is None or (type(value) is float and not math.isfinite(value)):
            return self._unknown + 1
        text = category(value)
        return self._unknown if text is None else self._positions.get(text, self._unknown)


def category(value: JsonValue) -> str | None:
    """Return the name of a value as a category; None where it can be none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    return None


def _label(text: str) -> str:
    """Return a category's label; one that is called like another bin is in quotes."""
    return json.dumps(text, ensure_ascii=False) if text in _SPECIAL or text[:1] == '"' else text


def plain(value: JsonValue) -> JsonValue:
    """Return a value as a caller gets it: that of another library is what it is in JSON."""
    if type(value) in _PLAIN:
        return value
    try:
        # numpy's floats are Python's.
        return float(value) if isinstance(value, float) else decode(encode(value))
    except Exception:  # noqa: BLE001 - code of the value's own type
        return _NO_PLAIN
