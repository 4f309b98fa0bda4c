"""Counts in which bins of the profile the values of predicted rows are.

The thread of the model only keeps the values of a row; they are counted for many rows at once, in
steps that hold Python's lock for a fraction of a millisecond.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from app.codec import JsonValue, Row
from app.predictor.bins import plain
from app.predictor.call import Outcome
from app.predictor.profile import Profile

Values: TypeAlias = list[JsonValue]  # of a row, in the order of the profile's names

_STEP = 256  # rows


class Drift:
    """The counts of one process.

    Attributes:
        profile: whose bins they are of.

    """

    def __init__(self, profile: Profile) -> None:
        """Count by `profile`, from zero."""
        self.profile = profile
        self._names = list(profile.input)
        self._answer_names = list(profile.answer)
        self._bins = [bins for _, _, bins in profile]
        self._kept: deque[Values] = deque()  # of rows that are not counted yet
        self._lock = threading.Lock()
        self._is_flushed = False
        # From the start each bin has a zero, of which a rate is made.
        self._counts = [Counter(dict.fromkeys(range(len(it.labels)), 0)) for it in self._bins]

    def values_of(self, row: Row) -> Values:
        """Return the values of a row that count; the model may change the row."""
        return [*map(row.get, self._names)]

    def add(self, values: Values, result: JsonValue) -> None:
        """Keep the values of a predicted row and of its answer, to be counted."""
        values += self._values_of_answer(result)
        self._kept.append(values)

    def add_all(
        self, values: Sequence[Values], results: Sequence[JsonValue], outcomes: Sequence[Outcome]
    ) -> None:
        """Keep the values of rows that are predicted together.

        Args:
            values: of each row.
            results: of each row.
            outcomes: of each row, where some may have none; else empty.

        """
        for index, result in enumerate(results):
            if not outcomes or isinstance(outcomes[index], bytes):
                self.add(values[index], result)

    def count(self) -> None:
        """Count what is kept if that is many rows."""
        while len(self._kept) >= _STEP:
            self._count_step()

    def flush(self, add: Callable[[str, str, str, int], None]) -> None:
        """Count what is kept, but not for long, and hand over the counts.

        Args:
            add: called with source, name, bin and number.

        """
        self._count_step()
        if self._is_flushed:
            return
        with self._lock:
            counts, self._counts = self._counts, [Counter() for _ in self._bins]
            self._is_flushed = True
        for (source, name, bins), column in zip(self.profile, counts, strict=True):
            for position, number in column.items():
                add(source, name, bins.labels[position], number)

    def _values_of_answer(self, result: JsonValue) -> Iterable[JsonValue]:
        if type(result) is not dict and self._answer_names:
            result = plain(result)
        if type(result) is dict:
            return map(result.get, self._answer_names)
        return [None if name else result for name in self._answer_names]

    def _count_step(self) -> None:
        with self._lock:
            if not self._kept:
                return
            self._is_flushed = False
            rows = [self._kept.popleft() for _ in range(min(_STEP, len(self._kept)))]
            columns = zip(*rows, strict=True)
            for bins, counts, column in zip(self._bins, self._counts, columns, strict=True):
                counts.update(bins.count(column))
