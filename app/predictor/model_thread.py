"""What a thread of the model does: it takes the calls that wait, and settles each of them."""

import contextlib
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NoReturn

from app.codec import JsonValue, Row, encode_all
from app.errors import PredictionError, RefusedError, RequestError
from app.observability.logs import keep_service_loggers, log_failure
from app.observability.request_ids import current_request_ids
from app.observability.traces import ModelCall
from app.predictor.call import Call, Outcome
from app.predictor.calls import CallQueue
from app.predictor.loaded_model import LoadedModel, to_json
from app.predictor.model_metrics import ModelMetrics

_log = logging.getLogger(__name__)

_TURN_SECONDS = 0.02  # in which a call goes on from row to row before others get their turn
_MAX_LOGGED = 10  # rows of one call whose errors are logged


class ModelThread:
    """Calls the model; nothing that is raised ends it."""

    def __init__(
        self, calls: CallQueue, metrics: ModelMetrics, *, max_batch_size: int, wait: float
    ) -> None:
        """Prepare to predict.

        Args:
            calls: where the rows come from.
            metrics: observe the calls of the model.
            max_batch_size: how many rows of several calls `run_batch()` gets.
            wait: seconds to wait for a batch to fill.

        """
        self._calls = calls
        self._metrics = metrics
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
        for call in batch:
            if call.started and not call.outcomes:  # else it takes its next turn
                self._metrics.observe_wait(call.started - call.arrived)
        try:
            self._predict(model, batch)
        except BaseException as error:  # noqa: BLE001 - each call needs an answer
            failure = PredictionError("An error of the service, not of the model")
            failure.__cause__ = error
            log_failure(_log, "Prediction failed: %s", failure)
            for call in batch:
                self._calls.settle(call, error=failure)
        if model.drift:  # now that the callers have their answers
            model.drift.count()

    def _predict(self, model: LoadedModel, batch: Sequence[Call]) -> None:
        """Settle each call, or let it wait for its next turn."""
        first = batch[0]
        if len(batch) > 1 or len(first.rows) > 1:
            if model.supports_batching and not first.is_by_row:
                if self._predict_together(model, batch):
                    return
                for call in batch:
                    call.rows = call.read_again() if call.read_again else call.rows
            for call in batch:
                call.is_by_row = True
                call.started = None  # until it is its turn
        for call in batch:
            self._predict_by_row(model, call)

    def _predict_by_row(self, model: LoadedModel, call: Call) -> None:
        """Predict rows for a moment; one that fails does not fail the others."""
        until = time.monotonic() + _TURN_SECONDS
        first = len(call.outcomes)
        traced = call.trace and ModelCall("run", [call.trace])
        while self._calls.start(call):  # else nobody waits any more
            current_request_ids.set((call.request_id,))
            # Not kept in this frame, which an error's traceback may know: that were a cycle.
            self._add(model, call, self._outcome(model, call.rows[len(call.outcomes)]))
            is_settled = len(call.outcomes) == len(call.rows) or (
                call.needs_all and _is_failure(call)
            )
            if is_settled or time.monotonic() > until:
                if traced:
                    traced.end(len(call.outcomes) - first, call.outcomes[first:])
                (self._settle if is_settled else self._calls.wait_again)(call)
                return

    def _predict_together(self, model: LoadedModel, batch: Sequence[Call]) -> bool:
        """Predict the rows of a batch at once; return False where that fails."""
        current_request_ids.set(tuple([call.request_id for call in batch]))
        rows = [*chain.from_iterable([call.rows for call in batch])]
        values = [*map(model.drift.values_of, rows)] if model.drift else []
        traced = batch[0].trace and ModelCall("run_batch", [call.trace for call in batch])
        begun = time.monotonic()
        try:
            results = model.predict_batch(rows)
        except RequestError as error:
            if traced:
                traced.end(len(rows), [error])
            level = logging.INFO if isinstance(error, RefusedError) else logging.WARNING
            _log.log(level, "%s; retrying %d rows one by one", error, len(rows))
            return False
        finally:
            self._metrics.observe_call(len(rows), time.monotonic() - begun)
        self._metrics.count_rows(len(rows))
        if traced:
            traced.end(len(rows))
        end = 0
        for call in batch:
            current_request_ids.set((call.request_id,))
            start, end = end, end + len(call.rows)
            own = results[start:end]
            call.predictions = (call.needs_all and encode_all(own)) or b""
            if not call.predictions:
                for result in own:
                    self._add(model, call, _encoded(result))
            self._settle(call)
            if model.drift:
                model.drift.add_all(values[start:end], own, call.outcomes)
        return True

    def _outcome(self, model: LoadedModel, row: Row) -> Outcome:
        """Return a row's prediction as JSON, or its error."""
        drift = model.drift
        values = drift.values_of(row) if drift else []
        start = time.monotonic()
        try:
            result = model.predict(row)
            outcome = to_json(result)
        except RequestError as error:
            return error
        finally:
            self._metrics.observe_call(1, time.monotonic() - start)
            self._metrics.count_rows(1)
        if drift:
            drift.add(values, result)
        return outcome

    def _add(self, model: LoadedModel, call: Call, outcome: Outcome) -> None:
        """Add the outcome of a call's next row, and log it where it is an error."""
        call.outcomes.append(outcome)
        if not isinstance(outcome, bytes):
            call.failed += 1
            if call.failed <= _MAX_LOGGED:
                keep_service_loggers()
                if isinstance(outcome, RefusedError):
                    _log.info("%s", outcome)
                else:
                    log_failure(_log, "Prediction failed: %s", outcome, model.file.parent)
            # Without the tracebacks, whose frames know the call: a cycle would wait for the
            # collector.
            for error in (outcome, outcome.__cause__):
                if error is not None:
                    error.__traceback__ = None

    def _settle(self, call: Call) -> None:
        if call.failed > _MAX_LOGGED:
            _log.warning("Prediction failed for %d of %d rows", call.failed, len(call.rows))
        self._calls.settle(call)


def _is_failure(call: Call) -> bool:
    """Return whether the latest row has an error that is the model's."""
    return isinstance(call.outcomes[-1], PredictionError)


def _encoded(result: JsonValue) -> Outcome:
    try:
        # A copy: orjson's buffers have a kilobyte, and many of them would take long to allocate.
        return b"%b" % to_json(result, "run_batch()")
    except PredictionError as error:
        return error


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
