"""The model in a process: loaded with retries, then called, then drained.

One thread imports the module, runs `init()` and the self-test, and makes every call: what
belongs to a thread (a sqlite connection, scikit-learn's set_config()) works. THREADS adds more,
each of which runs the self-test before the model is ready.

Several processes may share what import and `init()` leave in memory, forked afterwards. Each runs
the self-test: threads of a model that has predicted would be missing in a forked process.
"""

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.errors import BusyError, ModelError, NotReadyError, TimedOutError
from app.observability.termination import write_termination_message
from app.predictor.answer import UNKNOWN_ANSWER
from app.predictor.call import Call
from app.predictor.calls import CallQueue
from app.predictor.garbage import freeze
from app.predictor.load_attempts import LoadAttempts
from app.predictor.load_log import LoadLog
from app.predictor.loaded_model import LoadedModel
from app.predictor.loader import Loader, unexpected_error
from app.predictor.model_metrics import ModelMetrics
from app.predictor.model_thread import ModelThread
from app.predictor.other_threads import start_other_threads
from app.predictor.parameters import ANY_OBJECT, Parameters
from app.predictor.state import State, Status
from app.text import escape_surrogates

_log = logging.getLogger(__name__)

_MAX_PENDING_BODIES = 8  # of MAX_CONTENT_LENGTH; parsed, a body takes up to 50 times its bytes
_EXIT_CODE = 4  # gunicorn's APP_LOAD_ERROR: the server exits, and does not replace the worker


class Predictor:
    """The user's trained model: loaded, tested, then asked for predictions.

    Attributes:
        status: the model's state.
        model: what is imported, in whatever state.
        answer: what is known of its answers.
        files: those of the model folder.
        calls: the predictions that wait or run.
        loaded_before_fork: whether a parent process has loaded what this one is to share.
        loader: knows how long the load has taken, and whether the self-test was passed.
        on_ready: called just before the model becomes ready.

    """

    def __init__(self, settings: Settings, registry: CollectorRegistry | None = None) -> None:
        """Prepare to load the module that `settings` name; `registry` has its metrics."""
        self.status = Status(State.LOADING)
        self.model: LoadedModel | None = None
        self.answer = UNKNOWN_ANSWER
        self.calls = CallQueue(
            settings.MAX_PENDING,
            settings.MAX_BATCH_SIZE,
            _MAX_PENDING_BODIES * settings.MAX_CONTENT_LENGTH,
        )
        self.loaded_before_fork = False
        self.on_ready: Callable[[], None] = lambda: None
        self._settings = settings
        self._model_thread = ModelThread(
            self.calls,
            ModelMetrics(registry),
            max_batch_size=settings.MAX_BATCH_SIZE,
            wait=settings.MAX_BATCH_WAIT_MS / 1000,
        )
        self.loader = Loader(settings)
        self.files = self.loader.files
        self._shared_model: LoadedModel | None = None  # initialised in a parent process
        self._loaded = threading.Event()  # or failed
        self._load_log = LoadLog(_log, Path(settings.MODEL_DIR))

    @property
    def parameters(self) -> Parameters:
        """The types of the parameters; any JSON object until the module is imported."""
        return self.model.parameters if self.model else ANY_OBJECT

    @property
    def name(self) -> str:
        """The model's name: MODEL_NAME, else the module's; empty while that is unknown."""
        settings = self._settings
        name = self.model.name if self.model else settings.TRAINED_MODEL_MODULE_NAME
        return settings.MODEL_NAME or escape_surrogates(name.removesuffix(".py"))

    @property
    def version(self) -> str | None:
        """The model's version, if it has one that is known."""
        return self.model.version if self.model else None

    @property
    def is_loading(self) -> bool:
        """Whether a load is running."""
        return self.status.state is State.LOADING

    @property
    def accepts_requests(self) -> bool:
        """Whether predictions are made: also while the model is draining."""
        return self.status.state in (State.READY, State.DRAINING)

    @property
    def is_stuck(self) -> bool:
        """Whether a call has run, or the oldest has waited for a thread, for WORKER_TIMEOUT."""
        limit = self._settings.WORKER_TIMEOUT + self._settings.MAX_BATCH_WAIT_MS / 1000
        return self.accepts_requests and self.calls.seconds_without_progress() > limit

    def start(self) -> None:
        """Load the model in its thread; without MULTITHREADED_INIT, wait for that."""
        threading.Thread(target=self._run, name="model", daemon=True).start()
        if not self._settings.MULTITHREADED_INIT:
            self.wait_until_loaded()

    def load(self) -> None:
        """Load the model in its thread, and wait until it is ready or has failed."""
        self.start()
        self.wait_until_loaded()

    def wait_until_loaded(self, seconds: float | None = None) -> None:
        """Wait until the load has succeeded or failed, but not longer than `seconds`."""
        self._loaded.wait(seconds)

    def load_before_fork(self) -> None:
        """Load the model in a process from which others are forked, which only test it.

        A module with `load_per_process = True` is only imported.
        """
        self._load_with_retries(self._load_shared, self._settings.INIT_RETRIES)
        self.loaded_before_fork = True
        freeze()  # or the collector would write into each object, and unshare its page

    def drain(self) -> None:
        """Turn not ready for good, while predictions are still made."""
        if self.status.state is State.READY:
            self.status = Status(State.DRAINING)

    def check_capacity(self) -> None:
        """Check that a prediction could start now.

        Raises:
            NotReadyError: no model is ready.
            BusyError: MAX_PENDING predictions are running or waiting.

        """
        if not self.accepts_requests:
            raise NotReadyError
        if len(self.calls) >= self._settings.MAX_PENDING:
            raise BusyError

    def submit(self, call: Call) -> None:
        """Let a call wait for a thread of the model; `calls.notify` wakes one.

        Raises:
            NotReadyError: no model is ready.
            BusyError: MAX_PENDING predictions are running or waiting.

        """
        if not self.accepts_requests:
            raise NotReadyError
        self.calls.submit(call)

    def give_up(self) -> None:
        """Answer every pending call, since this process is about to be replaced."""
        self.status = Status(State.FAILED, "run() did not return within WORKER_TIMEOUT")
        for call in self.calls.pending():
            self.calls.settle(call, error=TimedOutError() if call.started else NotReadyError())

    def _run(self) -> None:
        """Load the model, then predict."""
        try:
            if (model := self._shared_model) is not None:
                self._load_with_retries(lambda: self._activate_shared(model), retries=0)
            elif self.status.state is not State.FAILED:  # else the parent process has given up
                self._load_with_retries(self._load_and_activate, self._settings.INIT_RETRIES)
        finally:
            self._loaded.set()
        if self.model is not None and self.accepts_requests:
            self._model_thread.serve(self.model)

    def _load_with_retries(self, load: Callable[[], None], retries: int) -> None:
        exits = self._settings.EXIT_AFTER_FAILED_LOAD
        attempts = LoadAttempts(lambda: self._try_to_load(load), self._load_log.folder)
        try:
            attempts.run(retries, self._load_log.retrying, waits_for_change=not exits)
        except ModelError as error:
            if exits:
                write_termination_message(f"Model failed to load: {error.reason}")
                os._exit(_EXIT_CODE)  # sys.exit() would end this thread alone
            _log.error("Giving up after %d attempt(s); fix the model and restart", attempts.count)

    def _try_to_load(self, load: Callable[[], None]) -> None:
        self.status = Status(State.LOADING)
        try:
            load()
        except BaseException as raised:  # noqa: BLE001 - it is the reason
            error = raised if isinstance(raised, ModelError) else unexpected_error(raised)
            debug = self._settings.FLASK_DEBUG
            self.status = Status(State.FAILED, str(error) if debug else error.reason)
            self._load_log.failed(error, is_of_model=error is raised)
            raise error from error.__cause__

    def _import(self) -> LoadedModel:
        model = self.loader.import_module()
        self._load_log.imported(model.parameters)
        return model

    def _load_and_activate(self) -> None:
        self.model = model = self._import()
        self.loader.init(model)
        _log.info("Model loaded in %.1f s", self.loader.seconds)
        self._activate(model)

    def _load_shared(self) -> None:
        self.model = model = self._import()
        if not getattr(model.module, "load_per_process", False):
            self.loader.init(model)
            self._shared_model = model

    def _activate_shared(self, model: LoadedModel) -> None:
        try:
            self._activate(model)
        except ModelError as error:
            hint = (
                "; init() has run in another process: if what it makes belongs to a thread or a "
                f"process, set load_per_process = True in {model.file.name}"
            )
            raise type(error)(f"{error}{hint}", f"{error.reason}{hint}") from error.__cause__

    def _activate(self, model: LoadedModel) -> None:
        self.answer = self.loader.check(model)
        start_other_threads(
            self._settings.THREADS - 1,
            lambda: self.loader.check(model),
            lambda: self._model_thread.serve(model),
        )
        freeze()  # the model stays
        # Before the state: a client that sees the model ready can rely on this line.
        _log.info("Model '%s' is ready", model.name)
        self.on_ready()
        self.status = Status(State.READY)
        self.files.start_hashing_large_files()
