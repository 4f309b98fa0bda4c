"""The model in a process: loaded with retries, then called, then drained.

Loading has two parts. Several processes may share what import and `init()` leave in memory,
forked afterwards. The self-test runs in each process: a model that has predicted must not be
forked, since the threads it started would be missing in the child.
"""

import contextlib
import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator

import tenacity

from app.config.settings import Settings
from app.errors import ModelError, NotReadyError
from app.observability.termination import write_termination_message
from app.predictor.batching import InFlightRequests, NoRequests
from app.predictor.concurrency import CallWatchdog, ConcurrencyLimiter
from app.predictor.loaded_model import LoadedModel
from app.predictor.loader import Loader
from app.predictor.parameters import ANY_OBJECT, Parameters
from app.predictor.state import State, Status

_log = logging.getLogger(__name__)

_EXIT_CODE = 4  # gunicorn's APP_LOAD_ERROR: the server exits, and does not replace the worker


class Predictor:
    """The user's trained model: loaded, tested, then asked for predictions.

    Attributes:
        status: the model's state.
        limiter: counts and limits the predictions that are running or waiting.
        watchdog: knows the running calls of the model.
        loaded_before_fork: whether a parent process has loaded what this one is to share.

    """

    def __init__(self, settings: Settings, requests: InFlightRequests | None = None) -> None:
        """Prepare to load the module that `settings` name; `start` or `load` does.

        Args:
            settings: the service's.
            requests: the server's, for which a batch waits; none by default.

        """
        self.status = Status(State.LOADING)
        self.limiter = ConcurrencyLimiter(settings.MAX_PENDING)
        self.watchdog = CallWatchdog()
        self.loaded_before_fork = False
        self._settings = settings
        self._loader = Loader(settings, self.watchdog, requests or NoRequests())
        self._model: LoadedModel | None = None  # imported, in whatever state
        self._shared_model: LoadedModel | None = None  # initialised in a parent process
        self._thread: threading.Thread | None = None

    @property
    def parameters(self) -> Parameters:
        """The types of the parameters; any JSON object until the module is imported."""
        return self._model.parameters if self._model else ANY_OBJECT

    @property
    def is_loading(self) -> bool:
        """Whether a load is running."""
        return self.status.state is State.LOADING

    @property
    def accepts_requests(self) -> bool:
        """Whether predictions are made: also while the model is draining."""
        return self.status.state in (State.READY, State.DRAINING)

    def start(self) -> None:
        """Load the model: in a thread or, without MULTITHREADED_INIT, before returning."""
        if self._settings.MULTITHREADED_INIT:
            self._thread = threading.Thread(target=self.load, name="model-init", daemon=True)
            self._thread.start()
        else:
            self.load()

    def wait_until_loaded(self, seconds: float) -> None:
        """Wait until the load has succeeded or failed, but not longer than `seconds`."""
        if self._thread is not None:
            self._thread.join(seconds)

    def load(self) -> None:
        """Do what a parent process has not done: import, `init()`, and always the self-test."""
        if (model := self._shared_model) is not None:
            self._load_with_retries(lambda: self._activate(model), retries=0)
        elif self.status.state is not State.FAILED:  # else the parent process has given up
            self._load_with_retries(self._load_and_activate, self._settings.INIT_RETRIES)

    def load_before_fork(self) -> None:
        """Load the model in a process from which others are forked, which only test it.

        A module with `load_per_process = True` is only imported.
        """
        self._load_with_retries(self._load_shared, self._settings.INIT_RETRIES)
        self.loaded_before_fork = True
        gc.freeze()  # or the collector would write into each object, and unshare its page

    def drain(self) -> None:
        """Turn not ready for good, while predictions are still made."""
        if self.status.state is State.READY:
            self.status = Status(State.DRAINING)

    @contextlib.contextmanager
    def acquire(self) -> Iterator[LoadedModel]:
        """Return a context in which the model may make one prediction.

        Raises:
            NotReadyError: no model is ready.
            BusyError: MAX_PENDING predictions are running or waiting.

        """
        if self._model is None or not self.accepts_requests:
            raise NotReadyError
        with self.limiter.acquire():
            yield self._model

    def _load_with_retries(self, load: Callable[[], None], retries: int) -> None:
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(ModelError),
            stop=tenacity.stop_after_attempt(retries + 1),
            wait=tenacity.wait_exponential(),  # 1, 2, 4, … s
            before_sleep=_log_retry,
            reraise=True,
        )
        try:
            attempts(self._try_to_load, load)
        except ModelError as error:
            if self._settings.EXIT_AFTER_FAILED_LOAD:
                write_termination_message(f"Model failed to load: {error}")
                os._exit(_EXIT_CODE)  # sys.exit() would end this thread alone
            _log.error("Giving up after %d attempt(s); fix the model and restart", retries + 1)

    def _try_to_load(self, load: Callable[[], None]) -> None:
        self.status = Status(State.LOADING)
        try:
            load()
        except ModelError as error:
            self.status = Status(State.FAILED, str(error))
            _log.error("Model failed to load: %s", error, exc_info=error.__cause__)
            raise

    def _load_and_activate(self) -> None:
        start = time.monotonic()
        self._model = model = self._loader.import_module()
        self._loader.init(model)
        _log.info("Model loaded in %.1f s", time.monotonic() - start)
        self._activate(model)

    def _load_shared(self) -> None:
        self._model = model = self._loader.import_module()
        if not getattr(model.module, "load_per_process", False):
            self._loader.init(model)
            self._shared_model = model

    def _activate(self, model: LoadedModel) -> None:
        self._loader.check(model)
        gc.collect()
        gc.freeze()  # the model stays: no collection has to walk it again
        # Before the state: a client that sees the model ready can rely on this line.
        _log.info("Model '%s' is ready", model.module.__name__)
        self.status = Status(State.READY)


def _log_retry(attempt: tenacity.RetryCallState) -> None:
    _log.info("Retrying model load in %d s", attempt.upcoming_sleep)
