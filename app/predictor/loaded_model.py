"""A loaded model, and how it predicts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.codec import JsonValue, Row, encode
from app.errors import PredictionError
from app.predictor.module import ModelModule, format_exception_line
from app.predictor.parameters import Parameters


@dataclass(frozen=True)
class LoadedModel:
    """The user's module, imported.

    Attributes:
        file: the module's file.
        module: its functions.
        parameters: the types of its parameters.
        run: predicts one row, perhaps in a batch with those of concurrent callers.
        supports_batching: whether concurrent calls share a `run_batch()`.

    """

    file: Path
    module: ModelModule
    parameters: Parameters
    run: Callable[[Row], JsonValue]
    supports_batching: bool

    def predict(self, row: Row) -> JsonValue:
        """Return the model's prediction for one row.

        Raises:
            PredictionError: the user's code raised, which is the cause.

        """
        try:
            return self.run(row)
        except BaseException as error:
            raise PredictionError(f"run() failed: {format_exception_line(error)}") from error

    def predict_json(self, row: Row) -> bytes:
        """Return the model's prediction for one row as JSON.

        Raises:
            PredictionError: as `predict`, or the prediction has no JSON counterpart.

        """
        result = self.predict(row)
        try:
            return encode(result)
        except (TypeError, RecursionError) as error:
            raise PredictionError(f"run() returned no JSON value: {error}") from error
