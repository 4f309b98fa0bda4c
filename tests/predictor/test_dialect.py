import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft6Validator

from app.predictor.dialect import (
    SchemaValidator,
    compile_pattern,
    has_unique_items,
    is_multiple_of,
    json_key,
)
from tests.predictor.bodies import VALUES


@pytest.mark.parametrize(
    ("value", "factor", "expected"),
    [
        (0.3, 0.1, True), (1.1, 0.1, True), (0.35, 0.1, False), (10, 5, True), (10, 3, False), (0, 7, True), (-9, 3, True),
        (7.5, 2.5, True), (1e300, 0.1, True), (1e308, 5e-324, True), (5e-324, 1e308, False), (2**63 - 1, 2, False),
        (9007199254740993, 2, False),
    ],
)  # fmt: skip
def test_a_multiple_is_one_of_the_numbers_as_they_are_written(
    value: float, factor: float, expected: bool
) -> None:
    assert is_multiple_of(value, factor) is expected
    errors = list(SchemaValidator({"multipleOf": factor}).iter_errors(value))
    assert [error.message for error in errors] == (
        [] if expected else [f"{value!r} is not a multiple of {factor}"]
    )


@given(st.lists(VALUES, max_size=4))
def test_unique_items_are_those_that_jsonschema_finds_unique(values: list[Any]) -> None:
    values += values[:1]
    assert has_unique_items(values) == Draft6Validator({"uniqueItems": True}).is_valid(values)


@given(VALUES, VALUES)
def test_values_share_a_key_if_jsonschema_finds_them_equal(one: Any, other: Any) -> None:
    for value in (other, json.loads(json.dumps(one)), 1, 1.0, True, [1], [True], [1.0]):
        is_equal = Draft6Validator({"enum": [value]}).is_valid(one)
        assert (json_key(one) == json_key(value)) == is_equal


def test_many_items_are_not_compared_in_pairs() -> None:
    assert has_unique_items([[n, [n]] for n in range(100_000)])
    assert not has_unique_items([{"a": n} for n in range(100_000)] + [{"a": 7.0}])


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^[A-Z]{2}$", "NL", True), ("^[A-Z]{2}$", "NL\n", False), ("[0-9]", "a1b", True), (r"^\d$", "٣", False),
        (r"^\p{L}+$", "é", True), ("", "", True), ("^ab|cd$", "abx", True),
    ],
)  # fmt: skip
def test_a_pattern_is_searched_for(pattern: str, text: str, matches: bool) -> None:
    assert bool(compile_pattern(pattern).search(text)) is matches
    assert SchemaValidator({"pattern": pattern}).is_valid(text) is matches


def test_a_pattern_takes_linear_time() -> None:
    assert not compile_pattern("^(a+)+$").search("a" * 1_000_000 + "b")  # Python's own: years


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "a{2,1}", "[z-a]"])
def test_what_is_no_pattern_is_an_error_and_not_logged(
    pattern: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        compile_pattern(pattern)
    assert capfd.readouterr().err == ""
