"""The states of the model.

loading ──> ready ──> draining
   │ ▲
   ▼ │ INIT_RETRIES
  failed
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class State(StrEnum):
    """What the model is doing."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    DRAINING = "draining"


@dataclass(frozen=True)
class Status:
    """A state, its start, and why it is `failed`."""

    state: State
    reason: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
