"""The gate before ready: the model answers its own sample, and its golden cases, rightly.

Golden cases stand beside the module, in `<module>.cases.json`:

    {"tolerance": 1e-06, "cases": [{"input": {…}, "output": …}]}

`python -m app.cli.golden` makes such a file from a running service.
"""

import json
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.codec import decode, encode
from app.errors import ModelError, PredictionError
from app.predictor.batching import Row
from app.predictor.module import ModelModule, call_user_code
from app.predictor.parameters import Parameters

_log = logging.getLogger(__name__)

_LONGEST_SHOWN = 500


def self_test(
    file: Path,
    module: ModelModule,
    parameters: Parameters,
    answer: Callable[[Row], bytes],
    *,
    joins: bool,
) -> None:
    """Ask the model what a caller would, from JSON to JSON, which warms it as well.

    Args:
        file: the model module.
        module: what it offers.
        parameters: what its `sample()` says.
        answer: answers one row in JSON, as it does for a request.
        joins: whether calls are joined, so that its `run_batch()` is to be tried too.

    Raises:
        ModelError: it raised, answered what JSON does not have, or missed a golden case.

    """
    if parameters.sample:
        row = parameters.convert(decode(encode(parameters.sample)))
        _answer("sample()", row, answer)
        if joins:
            _check_batch(file, module, row)
    tolerance, cases = read_cases(file)
    for number, case in enumerate(cases, 1):
        name = f"golden case {number} of {cases_file(file).name}"
        row = case["input"]
        got = _answer(name, row if parameters.check(row) else parameters.convert(row), answer)
        if not approx_equal(case["output"], got, tolerance):
            expected = _shown(case["output"])
            _log.error("Self-test: %s: expected %s, got %s", name, expected, _shown(got))
            raise ModelError(f"Self-test: {name} is answered otherwise; the log tells how")


def read_cases(file: Path) -> tuple[float, list[dict[str, Any]]]:
    """Return the tolerance and the golden cases beside a module; none where there is no file.

    Raises:
        ModelError: the file is not of the form above.

    """
    path = cases_file(file)
    try:
        content = json.loads(path.read_bytes())
        cases = [
            {"input": dict(case["input"]), "output": case["output"]} for case in content["cases"]
        ]
        return float(content.get("tolerance", 1e-6)), cases
    except FileNotFoundError:
        return 0.0, []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path.name} has no golden cases: make it with `python -m app.cli.golden`"
        ) from error


def cases_file(file: Path) -> Path:
    """Return where the golden cases of a module stand."""
    return file.with_suffix(".cases.json")


def approx_equal(expected: Any, got: Any, tolerance: float) -> bool:  # noqa: ANN401 - any JSON values
    """Tell whether two JSON values are the same, numbers within a relative or absolute bound."""
    if isinstance(expected, bool) or isinstance(got, bool):
        return expected is got
    if isinstance(expected, int | float) and isinstance(got, int | float):
        return math.isclose(expected, got, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(
            approx_equal(value, got[name], tolerance) for name, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(
            approx_equal(one, other, tolerance) for one, other in zip(expected, got, strict=True)
        )
    return bool(expected == got)


def _answer(what: str, row: Row, answer: Callable[[Row], bytes]) -> Any:  # noqa: ANN401
    try:
        return decode(answer(row))
    except PredictionError as error:
        raise ModelError(f"Self-test with {what}: {error}") from error.__cause__


def _check_batch(file: Path, module: ModelModule, row: Row) -> None:
    answers = call_user_code(
        file, "Self-test of run_batch()", lambda: list(module.run_batch([row, row]))
    )
    if len(answers) != 2:  # noqa: PLR2004 - the rows above
        raise ModelError(f"Self-test: run_batch() returned {len(answers)} results for 2 rows")


def _shown(value: Any) -> str:  # noqa: ANN401
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
