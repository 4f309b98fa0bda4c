import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import ModelError
from app.predictor.golden_cases import approx_equal, read_golden_cases


@pytest.mark.parametrize(
    "cases", [[], {}, {"cases": 1}, {"cases": [{"input": {}}]}, {"cases": [1]}]
)
def test_a_file_without_golden_cases_is_named(tmp_path: Path, cases: Any) -> None:
    (tmp_path / "fraud.cases.json").write_text(json.dumps(cases))
    with pytest.raises(
        ModelError, match=r"^fraud\.cases\.json has no golden cases: record them with"
    ):
        read_golden_cases(tmp_path / "fraud.py")


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (1, 1.0000001, True), (1, 1.1, False), (1e9, 1e9 + 1, True), (0, 1e-9, True),
        ("a", "a", True), ("a", "b", False), (True, 1, False), (1, True, False), (True, True, True),
        (None, None, True), (None, 0, False), ([1], [1], True), ([1], [1, 2], False), ([1], {"0": 1}, False),
        ({"a": [1.0]}, {"a": [1.0]}, True), ({"a": 1}, {"b": 1}, False), ({"a": 1}, {"a": 1, "b": 2}, False),
    ],
)  # fmt: skip
def test_numbers_are_equal_within_a_tolerance_and_other_values_exactly(
    expected: Any, got: Any, same: bool
) -> None:
    assert approx_equal(expected, got, 1e-6) is same
