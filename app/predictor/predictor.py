"""The model and its states; knows nothing of HTTP.

    loading ──> ready ──> draining
       │ ▲
       ▼ │ a few more tries
      failed

Loading is two steps. `prepare` imports the module and calls its `init()`; several processes
may share what it leaves, forked after it. `finish` tests the model, in each process, since a
model that has predicted may not be forked: its threads would be missing in the child.
"""

import gc
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.codec import encode
from app.config.settings import Settings
from app.errors import ModelError, NotReadyError, PredictionError
from app.observability.termination import write_termination_message
from app.predictor.batching import Batcher, Row
from app.predictor.concurrency import CallWatchdog, ConcurrencyLimiter, with_max_concurrency
from app.predictor.module import (
    ModelModule,
    call_user_code,
    find_module,
    format_exception_line,
    load_module,
    read_sample,
)
from app.predictor.parameters import Parameters
from app.predictor.self_test import self_test
from app.predictor.versions import check_versions
from app.server.traffic import Traffic

_log = logging.getLogger(__name__)

_EXIT_CODE = 4  # gunicorn's APP_LOAD_ERROR: the server ends, the process is not replaced


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


class Predictor:
    """The user's trained model: loaded, tested, then asked for predictions.

    Attributes:
        status: what it is doing now.
        parameters: what it takes; any JSON object until the module has described itself.
        limiter: the predictions that are under way or waiting.
        running: the calls of the model that are under way.
        traffic: the requests that are read or answered.
        loaded_before_fork: whether a parent process has loaded what this one is to share.

    """

    def __init__(self, settings: Settings) -> None:
        """Prepare to load the module that `settings` name; see `load`."""
        self.status = Status(State.LOADING)
        self.parameters = Parameters({})
        self.watchdog = CallWatchdog()
        self.traffic = Traffic()
        self.loaded_before_fork = False
        self._settings = settings
        self._file: Path | None = None
        self._module: ModelModule | None = None
        self._initialised = False
        self._thread: threading.Thread | None = None
        self._predict: Callable[[Row], Any] | None = None
        self.limiter = ConcurrencyLimiter(settings.MAX_PENDING)

    @property
    def accepts_requests(self) -> bool:
        """Whether `predict` answers: a draining model still does."""
        return self.status.state in (State.READY, State.DRAINING)

    def start(self) -> None:
        """Load the model: in a thread, or, without MULTITHREADED_INIT, before returning."""
        if self._settings.MULTITHREADED_INIT:
            self._thread = threading.Thread(target=self.load, name="model-init", daemon=True)
            self._thread.start()
        else:
            self.load()

    def wait_until_loaded(self, seconds: float) -> None:
        """Wait for `start` to come to its end, whichever; at most some seconds."""
        if self._thread is not None:
            self._thread.join(seconds)

    def load(self) -> None:
        """Do what is left to do before ready, after what a parent process may have done."""
        if self._initialised:
            self._try(self._finish, retries=0)
        elif self.status.state is not State.FAILED:  # else the parent has tried enough
            self._try(self._prepare, self._finish, retries=self._settings.INIT_RETRIES)

    def load_before_fork(self) -> None:
        """Load the model in a process that others are forked from, which finish it.

        A module with `load_per_process = True` is only imported.
        """
        self._try(self._prepare_shared, retries=self._settings.INIT_RETRIES)
        self.loaded_before_fork = True
        gc.freeze()  # or the collector writes into each object, and unshares its page

    def drain(self) -> None:
        """Turn not ready for good, while predictions are still answered."""
        if self.status.state is State.READY:
            self.status = Status(State.DRAINING)

    def acquire(self) -> ConcurrencyLimiter:
        """Return a context in which one prediction may be made.

        Raises:
            NotReadyError: the model is not ready.
            BusyError: MAX_PENDING predictions are under way or waiting already.

        """
        if not self.accepts_requests:
            raise NotReadyError("Server Not Ready")
        return self.limiter.acquire()

    def predict(self, row: Row) -> Any:  # noqa: ANN401 - whatever the model returns
        """Return the model's prediction for one object, joined with others where it can be.

        Raises:
            PredictionError: caused by whatever the user's code raised, an exit included.

        """
        assert self._predict is not None, "acquire() comes first"  # noqa: S101
        try:
            return self._predict(row)
        except BaseException as error:
            raise PredictionError(f"run() failed: {format_exception_line(error)}") from error

    def predict_json(self, row: Row) -> bytes:
        """Return the model's prediction for one object as JSON.

        Raises:
            PredictionError: as `predict`, or since the prediction is nothing that JSON has.

        """
        result = self.predict(row)
        try:
            return encode(result)
        except (TypeError, RecursionError) as error:
            raise PredictionError(f"run() returned no JSON value: {error}") from error

    def _try(self, *steps: Callable[[], None], retries: int) -> None:
        """Take the steps; after a failure, all of them again, with growing pauses."""
        for retry in range(retries + 1):
            if retry:
                pause = 2 ** (retry - 1)
                _log.info("Next try to load the model in %d s", pause)
                time.sleep(pause)
            self.status = Status(State.LOADING)
            try:
                for step in steps:
                    step()
            except ModelError as error:
                self.status = Status(State.FAILED, str(error))
                _log.error("Model failed to load: %s", error, exc_info=error.__cause__)
            else:
                return
        if self._settings.EXIT_AFTER_FAILED_LOAD:
            write_termination_message(f"Model failed to load: {self.status.reason}")
            os._exit(_EXIT_CODE)  # from a thread; sys.exit() would end that alone
        _log.error("The model stays failed: mend it and restart")

    def _prepare(self) -> None:
        start = time.monotonic()
        self._import()
        self._init()
        _log.info("Model loaded in %.1f s", time.monotonic() - start)

    def _prepare_shared(self) -> None:
        self._import()
        if not getattr(self._module, "load_per_process", False):
            self._init()

    def _import(self) -> None:
        settings = self._settings
        self._file = find_module(Path(settings.MODEL_DIR), settings.TRAINED_MODEL_MODULE_NAME)
        check_versions(self._file, settings.VERSION_CHECK)
        self._module = load_module(self._file)
        self.parameters = Parameters(read_sample(self._file, self._module))

    def _init(self) -> None:
        assert self._file, "_import() comes first"  # noqa: S101
        assert self._module  # noqa: S101
        if hasattr(self._module, "init"):
            call_user_code(self._file, "init()", self._module.init)
        self._initialised = True

    def _finish(self) -> None:
        assert self._file, "_prepare() comes first"  # noqa: S101
        assert self._module  # noqa: S101
        self._predict = self._predictor(self._module)
        self._test(self._file, self._module)
        gc.collect()
        gc.freeze()  # what is loaded stays: no collection need walk it again
        _log.info("Model '%s' is ready", self._module.__name__)  # who finds it ready finds this
        self.status = Status(State.READY)

    def _test(self, file: Path, module: ModelModule) -> None:
        if self._settings.SELF_TEST == "off":
            return
        try:
            self_test(
                file,
                module,
                self.parameters,
                self.predict_json,
                joins=self._supports_batching(module),
            )
        except ModelError as error:
            if self._settings.SELF_TEST == "on":
                raise
            _log.warning("%s", error, exc_info=error.__cause__)

    def _predictor(self, module: ModelModule) -> Callable[[Row], Any]:
        settings = self._settings
        run = self.watchdog.track(module.run)
        if self._supports_batching(module):
            run_batch = self.watchdog.track(module.run_batch)
            return Batcher(
                run,
                run_batch,
                max_size=settings.MAX_BATCH_SIZE,
                wait=settings.MAX_BATCH_WAIT_MS / 1000,
                traffic=self.traffic,
            )
        return with_max_concurrency(run, settings.THREADS)

    def _supports_batching(self, module: ModelModule) -> bool:
        return self._settings.MAX_BATCH_SIZE > 1 and hasattr(module, "run_batch")
