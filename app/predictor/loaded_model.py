"""A loaded model, and how it predicts."""

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.bare.model_file import name_of
from app.codec import JsonValue, Row, encode
from app.errors import ModelError, PredictionError, RequestError
from app.predictor.batch_results import BatchResultsError, one_per_row
from app.predictor.dialect import Schema
from app.predictor.drift import Drift
from app.predictor.module import ModelModule, describe_failure, format_exception_line, type_name
from app.predictor.parameters import Parameters
from app.predictor.refused_row import refusal
from app.predictor.versions import training_versions
from app.text import escape_surrogates

_HEADER_VALUE = re.compile(r"(?! )[ -~]{1,128}(?<! )")


@dataclass(frozen=True)
class LoadedModel:
    """The user's module, imported.

    Attributes:
        file: the module's file.
        module: its functions.
        parameters: the types of its parameters.
        supports_batching: whether concurrent calls share a `run_batch()`.
        answer_schema: of what `run()` returns, where a TypedDict declares it.
        sample_name: what messages call the sample.
        drift: counts what is predicted by the model's profile, if it has one.

    """

    file: Path
    module: ModelModule
    parameters: Parameters
    supports_batching: bool
    answer_schema: Schema | None = None
    sample_name: str = "sample()"
    drift: Drift | None = None

    @property
    def name(self) -> str:
        """The name of the file."""
        return name_of(self.file)

    @property
    def version(self) -> str | None:
        """The module's `__version__`, if it is a text."""
        return self._text("__version__")

    @cached_property
    def version_header(self) -> str | None:
        """The version where it can be a header's value: 1 to 128 printable ASCII characters."""
        version = self.version
        return version if version and _HEADER_VALUE.fullmatch(version) else None

    @property
    def description(self) -> str | None:
        """The module's docstring, without its indentation."""
        docstring = self._text("__doc__")
        return docstring and inspect.cleandoc(docstring)

    @cached_property
    def made_with(self) -> dict[str, str]:
        """The version of each package that the model was trained with, as far as it is recorded."""
        try:
            versions = list(training_versions(self.file))
        except ModelError:  # the record is not valid, and VERSION_CHECK is off
            return {}
        # The record comes first, and tells more than a pickle.
        return {it.package: it.version for it in versions[::-1]}

    def _text(self, name: str) -> str | None:
        # Not an attribute, for which the module may have code.
        value = vars(self.module).get(name)
        return escape_surrogates(value) if isinstance(value, str) else None

    def predict(self, row: Row) -> JsonValue:
        """Return the model's prediction for one row.

        Raises:
            RefusedError: it raised a 4xx.
            PredictionError: it raised anything else, which is the cause.

        """
        try:
            return self.module.run(row)
        except BaseException as error:
            raise self._error("run()", error) from error

    def predict_json(self, row: Row) -> bytes:
        """Return the model's prediction for one row as JSON.

        Raises:
            RefusedError: as `predict`.
            PredictionError: as `predict`, or the prediction has no JSON counterpart.

        """
        return to_json(self.predict(row))

    def predict_batch(self, rows: list[Row]) -> list[JsonValue]:
        """Return the model's predictions for many rows, one per row, in order.

        Raises:
            RefusedError: the user's code raised a 4xx.
            PredictionError: it raised anything else, or returned something else.

        """
        try:
            return one_per_row(self.module.run_batch(list(rows)), len(rows))
        except BatchResultsError as error:
            raise PredictionError(str(error)) from error
        except BaseException as error:
            raise self._error("run_batch()", error) from error

    def _error(self, function: str, error: BaseException) -> RequestError:
        return refusal(self.file, function, error) or PredictionError(
            *describe_failure(self.file, function, error)
        )


def to_json(result: JsonValue, function: str = "run()") -> bytes:
    """Return a prediction as JSON.

    Args:
        result: the prediction.
        function: returned it.

    Raises:
        PredictionError: it has no JSON counterpart, or its own code raised; that is the cause.

    """
    try:
        return encode(result)
    except BaseException as error:
        what = f"{function} returned no JSON value"
        raise PredictionError(
            f"{what}: {format_exception_line(error)}", f"{what}: {type_name(error)}"
        ) from error
