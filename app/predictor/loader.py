"""Loads the model, step by step: import, init(), self-test."""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

from app.bare.model_file import find_model_file
from app.config.settings import Settings
from app.errors import ModelError, TransientModelError
from app.observability.logs import log_failure
from app.predictor.annotations import answer_schema, parameters_schema
from app.predictor.answer import Answer, answer_of
from app.predictor.drift import Drift
from app.predictor.loaded_model import LoadedModel
from app.predictor.model_files import ModelFiles
from app.predictor.model_thread import without_joblib_pools
from app.predictor.module import (
    call_user_code,
    find_module,
    format_exception_line,
    load_module,
    read_sample,
    type_name,
)
from app.predictor.parameters import Parameters
from app.predictor.pickle_policy import PicklePolicy
from app.predictor.profile import read_profile
from app.predictor.self_test import run_self_test
from app.predictor.versions import check_versions

_log = logging.getLogger(__name__)


class Loader:
    """Loads the module that the settings name.

    Attributes:
        files: those of its folder, as of the last load.
        passes_self_test: whether the model has passed its self-test; None where there was none.
        seconds: that the last load has taken so far.

    """

    def __init__(self, settings: Settings) -> None:
        """Prepare to load.

        Args:
            settings: name the module, and say how it is checked.

        """
        self.files = ModelFiles()
        self.passes_self_test: bool | None = None
        self.seconds = 0.0
        self._settings = settings
        self._pickles = PicklePolicy(settings)

    def import_module(self, *, reads_profile: bool = True) -> LoadedModel:
        """Return the model, its `init()` not called yet.

        Args:
            reads_profile: whether the profile beside it is read, if there is one.

        Raises:
            ModelError: the module cannot be used, or its files, versions or profile are
                rejected.

        """
        self.passes_self_test, self.seconds = None, 0.0
        with self._timed():
            return self._import_module(reads_profile=reads_profile)

    def init(self, model: LoadedModel) -> None:
        """Call the module's `init()`, if it has one.

        Raises:
            ModelError: it raised.

        """
        if hasattr(model.module, "init"):
            with self._timed():
                call_user_code(model.file, "init()", model.module.init)

    def check(self, model: LoadedModel) -> Answer:
        """Run the self-test as SELF_TEST says, in the thread that is to predict.

        Returns:
            what is known of the model's answers.

        Raises:
            ModelError: it failed, and SELF_TEST is `on`.

        """
        self._pickles.enforce()
        if self._settings.SELF_TEST != "off":
            try:
                with self._timed(), without_joblib_pools():
                    answer = run_self_test(model)
            except ModelError as error:
                self.passes_self_test = False
                if self._settings.SELF_TEST == "on":
                    raise
                log_failure(_log, "%s", error, model.file.parent, logging.WARNING)
            else:
                self.passes_self_test = self.passes_self_test is not False  # in another thread
                return answer
        return answer_of([], model.answer_schema)

    @contextlib.contextmanager
    def _timed(self) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds += time.monotonic() - start

    def _import_module(self, *, reads_profile: bool) -> LoadedModel:
        settings = self._settings
        folder, name = Path(settings.MODEL_DIR), settings.TRAINED_MODEL_MODULE_NAME
        model_file = find_model_file(folder, name)
        file = model_file.path if model_file else find_module(folder, name)
        self.files.read(folder, settings.MODEL_CHECKSUMS)
        self._pickles.check(folder)
        self._pickles.enforce()
        check_versions(file, settings.VERSION_CHECK)
        sample_name = "sample()"
        if model_file:
            # Not at the top: a module may do without scikit-learn.
            from app.predictor.bare_module import load_model_file  # noqa: PLC0415

            module = load_model_file(model_file, self._pickles.allowed)
            sample_name = f"a sample (to give a real one, write {model_file.sample.name})"
        else:
            module = load_module(file)
        parameters = Parameters(read_sample(file, module), parameters_schema(file, module))
        supports_batching = settings.MAX_BATCH_SIZE > 1 and hasattr(module, "run_batch")
        schema = answer_schema(module)
        profile = read_profile(file, parameters.names) if reads_profile else None
        drift = Drift(profile) if profile else None
        model = LoadedModel(file, module, parameters, supports_batching, schema, sample_name, drift)
        if model.version is not None and model.version_header is None:
            _log.warning(
                "__version__ in %s is not sent as X-Model-Version: use 1 to 128 printable ASCII "
                "characters",
                file.name,
            )
        return model


def unexpected_error(error: BaseException) -> TransientModelError:
    """Return what was raised in a load, and nobody foresaw, as the load's error."""
    reason = f"Unexpected {type_name(error)} while loading"
    wrapped = TransientModelError(f"{reason}: {format_exception_line(error)}", reason)
    wrapped.__cause__ = error
    return wrapped
