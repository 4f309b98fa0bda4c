"""A loaded model, and how it predicts."""

from dataclasses import dataclass
from pathlib import Path

from app.codec import JsonValue, Row, encode
from app.errors import PredictionError, RequestError
from app.predictor.batch_results import BatchResultsError, one_per_row
from app.predictor.dialect import Schema
from app.predictor.module import ModelModule, describe_failure, format_exception_line, type_name
from app.predictor.parameters import Parameters
from app.predictor.refused_row import refusal


@dataclass(frozen=True)
class LoadedModel:
    """The user's module, imported.

    Attributes:
        file: the module's file.
        module: its functions.
        parameters: the types of its parameters.
        supports_batching: whether concurrent calls share a `run_batch()`.
        answer_schema: of what `run()` returns, where a TypedDict declares it.

    """

    file: Path
    module: ModelModule
    parameters: Parameters
    supports_batching: bool
    answer_schema: Schema | None = None

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
