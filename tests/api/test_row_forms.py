"""The forms of a row that other servers' clients send."""

from typing import Any

import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.api.row_forms import RowForms, kinds_of, member
from app.api.rows import RowLimits
from app.errors import InvalidInputError
from app.predictor.parameters import Parameters

PARAMETERS = Parameters({"docks": 24, "weather": "clear", "hours": [1.5], "note": None})
LIST = Parameters({"features": [1.5]})
NUMBER = Parameters({"x": 1.5})


def read(parameters: Parameters, *instances: Any) -> list[Any]:
    return RowForms(parameters, RowLimits(rows=1000, bytes=1000)).read(instances)


def errors(parameters: Parameters, *instances: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as raised:
        read(parameters, *instances)
    return raised.value.errors


def test_an_object_has_values_or_lists_of_one() -> None:
    plain = {"docks": 2, "weather": "rain", "hours": [2.5]}
    assert read(PARAMETERS, plain, {"docks": [2], "weather": ["rain"], "hours": [2.5]}) == [
        plain,
        plain,
    ]


def test_a_list_of_one_stays_one_where_a_parameter_may_be_a_list_or_is_unknown() -> None:
    row = {"hours": [1], "note": [1], "unknown": [1]}
    assert read(PARAMETERS, row) == [row]


def test_other_lists_stay_as_they_are() -> None:
    row = {"docks": [], "weather": ["rain", "snow"]}
    assert read(PARAMETERS, row) == [row]


def test_a_list_has_the_values_in_the_order_of_the_parameters() -> None:
    row = {"docks": 2, "weather": "rain", "hours": [1], "note": "x"}
    assert read(PARAMETERS, [2, "rain", [1], "x"]) == [row]


def test_a_list_may_leave_out_optional_parameters_at_its_end() -> None:
    assert read(PARAMETERS, [2, "rain", [1]]) == [{"docks": 2, "weather": "rain", "hours": [1]}]


def test_a_list_with_too_few_or_too_many_values_is_an_error_of_its_row() -> None:
    fine = [2, "rain", [1]]
    expected = "values for 4 parameters: send docks, weather, hours, note"
    assert errors(PARAMETERS, fine, [2, "rain"], fine, [*fine, "x", "y"]) == {
        "1": f"2 {expected}",
        "3": f"5 {expected}",
    }


def test_a_hundred_errors_are_shown_and_all_counted() -> None:
    with pytest.raises(InvalidInputError) as raised:
        read(PARAMETERS, *[[]] * 150)
    assert (len(raised.value.errors), raised.value.total) == (100, 150)


def test_a_bare_value_is_that_of_the_only_parameter() -> None:
    assert read(NUMBER, 1, [2], {"x": 3}, {"x": [4]}) == [{"x": 1}, {"x": 2}, {"x": 3}, {"x": 4}]


def test_a_list_is_the_value_of_the_only_parameter_where_that_is_a_list() -> None:
    rows = [{"features": [1, 2]}, {"features": [1]}, {"features": [1, 2]}]
    assert read(LIST, [1, 2], [1], [[1, 2]]) == rows


def test_values_stay_as_they_are_where_there_are_several_parameters() -> None:
    assert read(PARAMETERS, 1, "x", None) == [1, "x", None]


def test_a_model_that_names_no_parameters_takes_objects_alone() -> None:
    anything = Parameters({})
    assert read(anything, {"a": [1]}) == [{"a": [1]}]
    assert errors(anything, [1]) == {"0": "the model does not name its parameters: send an object"}


def test_more_than_max_rows_are_refused() -> None:
    forms = RowForms(NUMBER, RowLimits(rows=3, bytes=1000))
    assert len(forms.read([1, 2, 3])) == 3
    with pytest.raises(RequestEntityTooLarge, match="more than 3 rows"):
        forms.read([1, 2, 3, 4])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([1], 'The body is not an object: send {"a": […]}, or one of b, c'),
        ({"x": 1}, 'The body has none of a, b, c: send {"a": […]}, or one of b, c'),
        ({"a": 1, "c": 2}, "The body has a and c: send one of them"),
    ],
)
def test_a_body_has_one_of_some_members(body: Any, message: str) -> None:
    assert member({"b": 2, "x": 1}, "a", "b", "c") == ("b", 2)
    with pytest.raises(BadRequest) as raised:
        member(body, "a", "b", "c")
    assert raised.value.description == message


def test_the_kinds_of_a_union_and_of_choices_are_those_of_their_values() -> None:
    union = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert kinds_of(union) == {"number", "null"}
    assert kinds_of({"enum": ["a", 1, True]}) == {"string", "number", "boolean"}
