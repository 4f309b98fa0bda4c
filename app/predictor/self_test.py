"""The self-test before ready: the model predicts its own sample and its golden cases."""

import json
import logging

from app.codec import JsonValue, Row, decode, encode
from app.errors import ModelError, PredictionError
from app.predictor.golden_cases import read_golden_cases
from app.predictor.loaded_model import LoadedModel
from app.predictor.module import call_user_code
from app.text import truncate

_log = logging.getLogger(__name__)

_MAX_SHOWN = 500


def run_self_test(model: LoadedModel) -> None:
    """Predict as a caller would, from JSON to JSON, which also warms the model up.

    Raises:
        ModelError: the model raised, returned no JSON value, or does not match a golden case.

    """
    if model.parameters.sample:
        row = model.parameters.convert(decode(encode(model.parameters.sample)))
        _predict(model, row, "sample()")
        if model.supports_batching:
            _check_batch(model, [row, row])
    for case in read_golden_cases(model.file):
        # As a caller's with RESTX_VALIDATE off, where it does not fit the parameters.
        is_valid = model.parameters.is_valid(case.row)
        row = model.parameters.convert(case.row) if is_valid else case.row
        prediction = _predict(model, row, case.name)
        if not case.matches(prediction):
            expected, actual = _to_text(case.expected), _to_text(prediction)
            _log.error("Self-test: %s: expected %s, got %s", case.name, expected, actual)
            raise ModelError(
                f"Self-test: {case.name} does not match; see the log for the difference"
            )


def _predict(model: LoadedModel, row: Row, name: str) -> JsonValue:
    try:
        return decode(model.predict_json(row))
    except PredictionError as error:
        raise ModelError(f"Self-test with {name}: {error}") from error.__cause__


def _check_batch(model: LoadedModel, rows: list[Row]) -> None:
    results = call_user_code(
        model.file, "Self-test of run_batch()", lambda: list(model.module.run_batch(rows))
    )
    if len(results) != len(rows):
        raise ModelError(
            f"Self-test: run_batch() returned {len(results)} results for {len(rows)} rows"
        )


def _to_text(value: JsonValue) -> str:
    return truncate(json.dumps(value, ensure_ascii=False), _MAX_SHOWN)
