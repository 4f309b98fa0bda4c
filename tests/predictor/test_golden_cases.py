import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.errors import ModelError
from app.predictor.golden_cases import GoldenCase, approx_equal, read_golden_cases


def test_a_module_has_its_golden_cases_beside_it(tmp_path: Path) -> None:
    cases = {"tolerance": 0.5, "cases": [{"input": {"x": 1}, "output": [2]}]}
    (tmp_path / "fraud.cases.json").write_text(json.dumps(cases), encoding="utf-8-sig")
    assert read_golden_cases(tmp_path / "fraud.py") == [
        GoldenCase("golden case 1 of fraud.cases.json", {"x": 1}, [2], 0.5)
    ]
    assert read_golden_cases(tmp_path / "other.py") == []


@pytest.mark.parametrize(
    "cases",
    [
        [], {}, {"cases": 1}, {"cases": [{"input": {}}]}, {"cases": [1]}, {"cases": [{"input": [], "output": 1}]},
        {"cases": [], "tolerance": -1}, {"cases": [], "tolerance": float("nan")}, {"cases": [], "tolerance": []},
        {"cases": [], "tolerance": float("inf")}, {"cases": [], "tolerance": 10**400},
    ],
)  # fmt: skip
def test_a_file_without_golden_cases_is_named(tmp_path: Path, cases: Any) -> None:
    (tmp_path / "fraud.cases.json").write_text(json.dumps(cases))
    with pytest.raises(
        ModelError, match=r"^fraud\.cases\.json has no golden cases: record them with"
    ):
        read_golden_cases(tmp_path / "fraud.py")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 5000, b"null"])
def test_a_file_of_something_else_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "fraud.cases.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"^fraud\.cases\.json has no golden cases: record them"):
        read_golden_cases(tmp_path / "fraud.py")


def test_what_is_not_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.cases.json").mkdir()
    os.mkfifo(tmp_path / "pipe.cases.json")
    for name in ("folder", "pipe"):
        with pytest.raises(ModelError, match=rf"^{name}\.cases\.json is not a file: "):
            read_golden_cases(tmp_path / f"{name}.py")


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^a+\.cases\.json cannot be read: File name too long: "):
        read_golden_cases(tmp_path / f"{'a' * 300}.py")


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        (1, 1.0000001, True), (1, 1.1, False), (1e9, 1e9 + 1, True), (0, 1e-9, True),
        ("a", "a", True), ("a", "b", False), (True, 1, False), (1, True, False), (True, True, True),
        (None, None, True), (None, 0, False), ([1], [1], True), ([1], [1, 2], False), ([1], {"0": 1}, False),
        (10**400, 10**400, True), (10**400, 1, False), (1.5, 10**400, False), (float("inf"), 1, False),
        ({"a": [1.0]}, {"a": [1.0]}, True), ({"a": 1}, {"b": 1}, False), ({"a": 1}, {"a": 1, "b": 2}, False),
    ],
)  # fmt: skip
def test_numbers_are_equal_within_a_tolerance_and_other_values_exactly(
    expected: Any, got: Any, same: bool
) -> None:
    assert approx_equal(expected, got, 1e-6) is same
