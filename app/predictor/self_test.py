"""The self-test before ready: the model predicts its own sample and its golden cases.

Where concurrent calls share a `run_batch()`, it must predict what `run()` predicts.
"""

import contextlib
import json
import logging
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import orjson

from app.codec import JsonValue, Row
from app.errors import ModelError, RefusedError, RequestError
from app.predictor.answer import Answer, answer_of
from app.predictor.dialect import Schema
from app.predictor.golden_cases import (
    DEFAULT_TOLERANCE,
    GoldenCase,
    approx_equal,
    read_golden_cases,
)
from app.predictor.loaded_model import LoadedModel, to_json
from app.predictor.module import load_error_type
from app.predictor.validation import Validator
from app.text import escape_surrogates, truncate

_log = logging.getLogger(__name__)

_MAX_SHOWN = 500
# A model of 32-bit floats sums the numbers of a batch in another order than those of one row.
_BATCH_TOLERANCE = 1e-4


class _Prediction(NamedTuple):
    """What `run()` predicted for a row.

    Attributes:
        name: the row's.
        row: the input.
        value: the prediction, a parsed JSON value.
        tolerance: of the numbers in it.

    """

    name: str
    row: Row
    value: JsonValue
    tolerance: float


def run_self_test(model: LoadedModel) -> Answer:
    """Predict as for a caller, to JSON, which also warms the model up.

    Returns:
        what the predictions tell of the model's answers, unless a TypedDict does.

    Raises:
        ModelError: the model raised, refused a row, returned no JSON value or another than
            declared, does not match a golden case, or its `run_batch()` disagrees with its `run()`.

    """
    predictions = [*_predict_sample(model), *_predict_golden_cases(model)]
    if model.answer_schema is not None:
        _check_answers(model.answer_schema, predictions)
    if predictions and model.supports_batching:
        _check_batches(model, predictions)
    return answer_of([prediction.value for prediction in predictions], model.answer_schema)


def _predict_sample(model: LoadedModel) -> Iterator[_Prediction]:
    if model.parameters.has_sample:
        row = model.parameters.convert(_copy(model.parameters.sample))
        name = model.sample_name
        yield _Prediction(name, row, _predict(model, row, name), DEFAULT_TOLERANCE)


def _predict_golden_cases(model: LoadedModel) -> Iterator[_Prediction]:
    for case in read_golden_cases(model.file):
        # As a caller's with RESTX_VALIDATE off, where it does not fit the parameters.
        is_valid = model.parameters.is_valid(case.row)
        row = model.parameters.convert(case.row) if is_valid else case.row
        value = _predict(model, row, case.name)
        _check_golden_case(case, value)
        yield _Prediction(case.name, row, value, case.tolerance)


def _check_golden_case(case: GoldenCase, value: JsonValue) -> None:
    if not case.matches(value):
        expected, actual = _to_text(case.expected), _to_text(value)
        _log.error("Self-test: %s: expected %s, got %s", case.name, expected, actual)
        raise ModelError(f"Self-test: {case.name} does not match; see the log for the difference")


def _check_answers(schema: Schema, predictions: list[_Prediction]) -> None:
    validate = Validator(schema).validate
    lines = [
        f"Self-test with {one.name}: the answer{f' at {name!r}' if name else ''}: {message}; "
        "fix run() or its return annotation"
        for one in predictions
        for name, message in validate(one.value).errors.items()
    ]
    if lines:
        raise ModelError("\n".join(lines))


def _check_batches(model: LoadedModel, predictions: list[_Prediction]) -> None:
    """Predict the rows in batches of two, each row with a different one where there are some."""
    first = predictions[0]
    value = _predict(model, first.row, first.name)
    is_deterministic = approx_equal(first.value, value, first.tolerance)
    for batch in pairwise([*predictions, first]):
        values = _predict_batch(model, batch)
        for one, actual in zip(batch, values, strict=True):
            tolerance = max(one.tolerance, _BATCH_TOLERANCE)
            if is_deterministic and not approx_equal(one.value, actual, tolerance):
                texts = _to_text(one.value), _to_text(actual)
                _log.error(
                    "Self-test: %s: run() returned %s, run_batch() returned %s", one.name, *texts
                )
                raise ModelError(
                    f"Self-test: run() and run_batch() disagree on {one.name}; "
                    "see the log for the difference"
                )


def _predict(model: LoadedModel, row: Row, name: str) -> JsonValue:
    with _self_test_of(model.file, name):
        return orjson.loads(model.predict_json(_copy(row)))


def _predict_batch(model: LoadedModel, batch: tuple[_Prediction, ...]) -> list[JsonValue]:
    with _self_test_of(model.file, " and ".join(dict.fromkeys(one.name for one in batch))):
        results = model.predict_batch([_copy(one.row) for one in batch])
        return [orjson.loads(to_json(result, "run_batch()")) for result in results]


@contextlib.contextmanager
def _self_test_of(file: Path, name: str) -> Iterator[None]:
    try:
        yield
    except RequestError as error:
        what = f"Self-test with {name}"
        cause = None if isinstance(error, RefusedError) else error.__cause__
        kind = load_error_type(file, cause)
        raise kind(f"{what}: {error}", f"{what}: {error.reason}") from cause


def _copy(row: Row) -> Row:
    """Return a row for one call: the model may change it. copy.deepcopy() goes less deep."""
    copied: Row = json.loads(json.dumps(row))
    return copied


def _to_text(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return escape_surrogates(truncate(text, _MAX_SHOWN))
