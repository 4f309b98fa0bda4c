"""The attempts to load a model: after a pause, and only where one may succeed."""

from collections.abc import Callable
from pathlib import Path

import tenacity

from app.errors import ModelError, TransientModelError
from app.predictor.model_files import snapshot


class LoadAttempts:
    """Attempts to load a model.

    An attempt is skipped if nothing but a change of the model folder helps, and it is unchanged.

    Attributes:
        count: how many were made.

    """

    def __init__(self, load: Callable[[], None], folder: Path) -> None:
        """Prepare to call `load`, which raises a ModelError, for the model in `folder`."""
        self.count = 0
        self._load = load
        self._folder = folder
        self._files: set[tuple[str, int, int]] = set()
        self._failure: ModelError | None = None
        self._watches = False

    def run(
        self, retries: int, on_retry: Callable[[float], None], *, waits_for_change: bool
    ) -> None:
        """Load, with as many retries at most.

        Args:
            retries: their number; they come after 1, 2, 4, … s.
            on_retry: called with the seconds to the next retry.
            waits_for_change: whether to retry what needs a change of the model folder.

        Raises:
            ModelError: the last attempt failed.

        """
        self._watches = waits_for_change and retries > 0
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(
                ModelError if waits_for_change else TransientModelError
            ),
            stop=tenacity.stop_after_attempt(retries + 1),
            wait=tenacity.wait_exponential(),
            before_sleep=lambda it: None if self._needs_change else on_retry(it.upcoming_sleep),
            reraise=True,
        )
        attempts(self._attempt)

    @property
    def _needs_change(self) -> bool:
        return not isinstance(self._failure, TransientModelError | None)

    def _attempt(self) -> None:
        files = snapshot(self._folder) if self._watches else set()
        if self._needs_change and self._failure and files == self._files:
            raise self._failure
        self._files = files
        self.count += 1
        try:
            self._load()
        except ModelError as error:
            self._failure = error
            raise
