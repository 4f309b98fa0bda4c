"""What a thread of the model does: it takes the calls that wait, and settles each of them."""

import contextlib
import logging
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from app.errors import PredictionError
from app.observability.logs import keep_service_loggers
from app.observability.request_ids import current_request_ids
from app.predictor.calls import Call, CallQueue
from app.predictor.loaded_model import LoadedModel, to_json

_log = logging.getLogger(__name__)


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
        calls = self._calls
        max_size, wait = (self._max_batch_size, self._wait) if model.supports_batching else (1, 0.0)
        with contextlib.ExitStack() as stack:
            is_sequential = False
            while True:
                batch = calls.take(max_size, wait)
                if not is_sequential and (joblib := sys.modules.get("joblib")):
                    # An estimator with `n_jobs` would start a pool of threads or processes for a
                    # call, which takes longer than predicting a few rows.
                    stack.enter_context(joblib.parallel_config(backend="sequential"))
                    is_sequential = True
                try:
                    self._predict(model, batch)
                except Exception as error:  # noqa: BLE001 - each call needs an answer
                    _log.exception("An error of the service, not of the model")
                    for call in batch:
                        calls.settle(call, error=_internal_error(error))

    def _predict(self, model: LoadedModel, batch: Sequence[Call]) -> None:
        """Settle each call; a row that fails does not fail the others."""
        if len(batch) > 1 and self._predict_together(model, batch):
            return
        for call in batch:
            current_request_ids.set((call.request_id,))
            call.started = time.monotonic()
            try:
                result = model.predict_json(call.row)
            except PredictionError as error:
                self._fail(call, error)
            else:
                self._calls.settle(call, result)

    def _predict_together(self, model: LoadedModel, batch: Sequence[Call]) -> bool:
        """Predict the rows of several calls at once; return False where that fails."""
        current_request_ids.set(tuple([call.request_id for call in batch]))
        try:
            results = model.predict_batch([call.row for call in batch])
        except PredictionError as error:
            _log.warning("%s; retrying %d rows one by one", error, len(batch))
            return False
        for call, result in zip(batch, results, strict=True):
            try:
                body = to_json(result, "run_batch()")
            except PredictionError as error:
                current_request_ids.set((call.request_id,))
                self._fail(call, error)
            else:
                self._calls.settle(call, body)
        return True

    def _fail(self, call: Call, error: PredictionError) -> None:
        keep_service_loggers()
        _log.error("Prediction failed: %s", error, exc_info=error.__cause__)
        # Without the traceback, whose frames know the call: a cycle would wait for the collector.
        self._calls.settle(call, error=error.with_traceback(None))


def _internal_error(error: BaseException) -> PredictionError:
    failure = PredictionError("The prediction failed")
    failure.__cause__ = error
    return failure
