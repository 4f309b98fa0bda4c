"""The model and its states; knows nothing of HTTP.

loading ──> ready ──> draining
   │ ▲
   ▼ │ a few more tries
  failed
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.batching import Batcher, Row
from app.errors import BusyError, ModelError, NotReadyError, PredictionError
from app.module import ModelModule, call, describe, find_module, load_module, summary
from app.schema import Parameters
from app.settings import Settings

_log = logging.getLogger(__name__)


class State(StrEnum):
    """What a model is doing."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    DRAINING = "draining"


@dataclass(frozen=True)
class Status:
    """A state, since when it holds and, where it is `failed`, why."""

    state: State
    reason: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


class Model:
    """The user's trained model: loaded once per process, then asked for predictions.

    Attributes:
        status: what it is doing now.
        parameters: what it takes; any JSON object until the module has described itself.

    """

    def __init__(self, settings: Settings) -> None:
        """Prepare to load the module that `settings` name; see `start`."""
        self.status = Status(State.LOADING)
        self.parameters = Parameters({})
        self._settings = settings
        self._predict: Callable[[Row], Any] | None = None
        self._slots = threading.BoundedSemaphore(settings.MAX_PENDING)

    @property
    def takes_predictions(self) -> bool:
        """Whether `predict` answers: a draining model still does."""
        return self.status.state in (State.READY, State.DRAINING)

    def start(self) -> None:
        """Load the model: in a thread, or, without MULTITHREADED_INIT, before returning."""
        if self._settings.MULTITHREADED_INIT:
            threading.Thread(target=self.load, name="model-init", daemon=True).start()
        else:
            self.load()

    def load(self) -> None:
        """Load the model; after a failure, INIT_RETRIES times more with growing pauses."""
        for retry in range(self._settings.INIT_RETRIES + 1):
            if retry:
                pause = 2 ** (retry - 1)
                _log.info("Next try to load the model in %d s", pause)
                time.sleep(pause)
            if self._try_to_load():
                return
        _log.error("The model stays failed: mend it and restart")

    def drain(self) -> None:
        """Turn not ready for good, while predictions are still answered."""
        if self.status.state is State.READY:
            self.status = Status(State.DRAINING)

    def admit(self) -> "Admission":
        """Return a context in which one prediction may be made.

        Raises:
            NotReadyError: the model is not ready.
            BusyError: MAX_PENDING predictions are under way or waiting already.

        """
        if not self.takes_predictions:
            raise NotReadyError("Server Not Ready")
        if not self._slots.acquire(blocking=False):
            raise BusyError("Server Busy")
        return Admission(self._slots)

    def predict(self, row: Row) -> Any:  # noqa: ANN401 - whatever the model returns
        """Return the model's prediction for one object, joined with others where it can be.

        Raises:
            PredictionError: caused by whatever the user's code raised, an exit included.

        """
        assert self._predict is not None, "admit() comes first"  # noqa: S101
        try:
            return self._predict(row)
        except BaseException as error:
            raise PredictionError(f"run() failed: {summary(error)}") from error

    def _try_to_load(self) -> bool:
        start = time.monotonic()
        self.status = Status(State.LOADING)
        settings = self._settings
        try:
            file = find_module(Path(settings.MODEL_DIR), settings.TRAINED_MODEL_MODULE_NAME)
            module = load_module(file)
            self.parameters = Parameters(describe(file, module))
            if hasattr(module, "init"):
                call(file, "init()", module.init)
        except ModelError as error:
            self.status = Status(State.FAILED, str(error))
            _log.error("Model failed to load: %s", error, exc_info=error.__cause__)
            return False
        self._predict = self._predictor(module)
        self.status = Status(State.READY)
        seconds = time.monotonic() - start
        _log.info("Model '%s' is ready, loaded in %.1f s", module.__name__, seconds)
        return True

    def _predictor(self, module: ModelModule) -> Callable[[Row], Any]:
        settings = self._settings
        if settings.MAX_BATCH_SIZE > 1 and hasattr(module, "run_batch"):
            wait = settings.MAX_BATCH_WAIT_MS / 1000
            return Batcher(module.run, module.run_batch, most=settings.MAX_BATCH_SIZE, wait=wait)
        return _limit(module.run, settings.THREADS)


class Admission:
    """One of the MAX_PENDING places, held until the `with` block ends."""

    def __init__(self, slots: threading.BoundedSemaphore) -> None:
        """Hold a place of `slots` that is taken already."""
        self._slots = slots

    def __enter__(self) -> None:
        """Do nothing: the place is taken."""

    def __exit__(self, *_error: object) -> None:
        """Give the place back."""
        self._slots.release()


def _limit(run: Callable[[Row], Any], most: int) -> Callable[[Row], Any]:
    """Let at most `most` threads call `run` at the same time."""
    slots = threading.BoundedSemaphore(most)

    def limited(row: Row) -> Any:  # noqa: ANN401
        with slots:
            return run(row)

    return limited
