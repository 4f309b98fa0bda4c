"""Golden cases: inputs with the expected predictions, in `<module>.cases.json`.

    {"tolerance": 1e-06, "cases": [{"input": {…}, "output": …}]}

`python -m app golden` records them from a running service.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from app.codec import JsonValue, Row
from app.errors import ModelError

DEFAULT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class GoldenCase:
    """One input and its expected prediction.

    Attributes:
        name: for messages.
        row: the input.
        expected: the prediction, a parsed JSON value.
        tolerance: relative and absolute, of each number in it.

    """

    name: str
    row: Row
    expected: JsonValue
    tolerance: float

    def matches(self, prediction: JsonValue) -> bool:
        """Return whether a prediction is the expected one."""
        return approx_equal(self.expected, prediction, self.tolerance)


def read_golden_cases(file: Path) -> list[GoldenCase]:
    """Return the golden cases beside a model module; none without their file.

    Raises:
        ModelError: the file cannot be read, or is not of the form above.

    """
    path = file.with_suffix(".cases.json")
    try:
        if not path.exists():
            return []
        if not path.is_file():  # reading a pipe would wait for its writer
            raise ModelError(f"{path.name} is not a file: rename it, or record golden cases in it")
        content = json.loads(path.read_bytes())
        tolerance = _tolerance(content.get("tolerance", DEFAULT_TOLERANCE))
        return [
            GoldenCase(
                f"golden case {number} of {path.name}",
                _object(case["input"]),
                case["output"],
                tolerance,
            )
            for number, case in enumerate(content["cases"], 1)
        ]
    except OSError as error:
        raise ModelError(
            f"{path.name} cannot be read: {error.strerror}: give the service access to it"
        ) from error
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ModelError(
            f"{path.name} has no golden cases: record them with `python -m app golden`"
        ) from error


def _tolerance(value: JsonValue) -> float:
    tolerance = float(value)
    if not 0 <= tolerance < math.inf:
        raise ValueError(f"{tolerance} is not a tolerance")
    return tolerance


def _object(value: JsonValue) -> Row:
    if not isinstance(value, dict):
        raise TypeError(f"a {type(value).__name__} is not an input")
    return value


def approx_equal(expected: JsonValue, actual: JsonValue, tolerance: float) -> bool:
    """Return whether two JSON values are equal, numbers within a relative or absolute bound."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return _is_close(expected, actual, tolerance)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            approx_equal(value, actual[name], tolerance) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            approx_equal(one, other, tolerance) for one, other in zip(expected, actual, strict=True)
        )
    return bool(expected == actual)


def _is_close(expected: float, actual: float, tolerance: float) -> bool:
    try:
        return math.isclose(expected, actual, rel_tol=tolerance, abs_tol=tolerance)
    except OverflowError:  # an integer beyond every float
        return expected == actual
