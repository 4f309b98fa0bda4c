"""What a thread of the model does: it takes the calls that wait, and settles each of them."""

import contextlib
import logging
import sys
from collections.abc import Iterator, Sequence
from typing import NoReturn

from app.codec import JsonValue
from app.errors import PredictionError, RefusedError, RequestError
from app.observability.logs import keep_service_loggers, log_failure
from app.observability.request_ids import current_request_ids
from app.predictor.calls import Call, CallQueue
from app.predictor.loaded_model import LoadedModel, to_json

_log = logging.getLogger(__name__)


_CONTAINERS = (dict, list)


class ModelThread:
    """Calls the model; nothing that is raised ends it."""

    def __init__(self, calls: CallQueue, *, max_batch_size: int, wait: float) -> None:
        """Prepare to predict.

        Args:
            calls: where the rows come from.
            max_batch_size: how many rows `run_batch()` gets.
            wait: seconds to wait for a batch to fill.

        """
        self._calls = calls
        self._max_batch_size = max_batch_size
        self._wait = wait

    def serve(self, model: LoadedModel) -> NoReturn:
        """Predict, in the calling thread, for as long as the process lives."""
        max_size, wait = (self._max_batch_size, self._wait) if model.supports_batching else (1, 0.0)
        while True:
            with without_joblib_pools() as is_sequential:
                self._serve_batch(model, max_size, wait)
                while is_sequential:
                    self._serve_batch(model, max_size, wait)

    def _serve_batch(self, model: LoadedModel, max_size: int, wait: float) -> None:
        batch = self._calls.take(max_size, wait)
        try:
            self._predict(model, batch)
        except BaseException as error:  # noqa: BLE001 - each call needs an answer
            failure = PredictionError("An error of the service, not of the model")
            failure.__cause__ = error
            log_failure(_log, "Prediction failed: %s", failure)
            for call in batch:
                self._calls.settle(call, error=failure)

    def _predict(self, model: LoadedModel, batch: Sequence[Call]) -> None:
        """Settle each call; a row that fails does not fail the others."""
        if len(batch) > 1:
            if self._predict_together(model, batch):
                return
            for call in batch:
                call.started = None  # until it is its turn
        for call in batch:
            if not self._calls.start(call):  # nobody waits any more
                continue
            current_request_ids.set((call.request_id,))
            try:
                result = model.predict_json(call.row)
            except RequestError as error:
                self._fail(call, error)
            else:
                self._calls.settle(call, result)

    def _predict_together(self, model: LoadedModel, batch: Sequence[Call]) -> bool:
        """Predict the rows of several calls at once; return False where that fails."""
        ids = tuple([call.request_id for call in batch])
        current_request_ids.set(ids)
        try:
            # Copies: after an error, run() gets each row as it came, whatever run_batch() changed.
            results = model.predict_batch([_copied(call.row) for call in batch])
        except RequestError as error:
            level = logging.INFO if isinstance(error, RefusedError) else logging.WARNING
            _log.log(level, "%s; retrying %d rows one by one", error, len(batch))
            return False
        for call, result in zip(batch, results, strict=True):
            try:
                body = to_json(result, "run_batch()")
            except PredictionError as error:
                current_request_ids.set((call.request_id,))
                self._fail(call, error)
                current_request_ids.set(ids)
            else:
                self._calls.settle(call, body)
        return True

    def _fail(self, call: Call, error: RequestError) -> None:
        keep_service_loggers()
        if isinstance(error, RefusedError):
            _log.info("%s", error)
        else:
            log_failure(_log, "Prediction failed: %s", error)
        # Without the traceback, whose frames know the call: a cycle would wait for the collector.
        self._calls.settle(call, error=error.with_traceback(None))


def _copied(value: JsonValue) -> JsonValue:
    if type(value) is dict:
        return {
            name: _copied(item) if type(item) in _CONTAINERS else item
            for name, item in value.items()
        }
    return [_copied(item) if type(item) in _CONTAINERS else item for item in value]


@contextlib.contextmanager
def without_joblib_pools() -> Iterator[bool]:
    """Keep joblib from starting a pool of threads or processes for a call in this thread.

    An estimator with `n_jobs` would: starting one takes longer than predicting a few rows. The
    value of the context is whether that holds: only once joblib is imported.
    """
    configure = getattr(sys.modules.get("joblib"), "parallel_config", None)
    if configure is None:
        yield False
    else:
        with configure(backend="sequential"):
            yield True
