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

_DEFAULT_TOLERANCE = 1e-6


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
        ModelError: the file is not of the form above.

    """
    path = file.with_suffix(".cases.json")
    try:
        content = json.loads(path.read_bytes())
        tolerance = float(content.get("tolerance", _DEFAULT_TOLERANCE))
        cases = content["cases"]
        return [
            GoldenCase(
                f"golden case {number} of {path.name}",
                dict(case["input"]),
                case["output"],
                tolerance,
            )
            for number, case in enumerate(cases, 1)
        ]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path.name} has no golden cases: record them with `python -m app golden`"
        ) from error


def approx_equal(expected: JsonValue, actual: JsonValue, tolerance: float) -> bool:
    """Return whether two JSON values are equal, numbers within a relative or absolute bound."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int | float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            approx_equal(value, actual[name], tolerance) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(
            approx_equal(one, other, tolerance) for one, other in zip(expected, actual, strict=True)
        )
    return bool(expected == actual)
