"""When to refuse a prediction for which there is no place: at once, unless there are many.

Clients that ignore Retry-After ask again at once. They must not take the time in which others get
their predictions.
"""

import time

_PER_SECOND = 500
_AT_ONCE = 100  # beyond that rate
_MAX_SECONDS = 1.0  # as long as Retry-After asks a client to wait


class Refusals:
    """Spreads refusals over time: the generic cell rate algorithm (ITU-T I.371)."""

    def __init__(self) -> None:
        """Start with none."""
        self._next = 0.0  # at this rate, the monotonic time of the next one

    def delay(self) -> float:
        """Return in how many seconds to send one more refusal."""
        now = time.monotonic()
        self._next = max(self._next, now - _AT_ONCE / _PER_SECOND) + 1 / _PER_SECOND
        self._next = min(self._next, now + _MAX_SECONDS)
        return max(0.0, self._next - now)
