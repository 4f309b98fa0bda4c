"""Tables as MLflow's clients send them in JSON."""

from typing import Any

import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.api.rows import RowLimits
from app.api.table_forms import rows_of_columns, rows_of_split
from app.errors import InvalidInputError

NAMES = ["a", "b"]
LIMITS = RowLimits(rows=10, bytes=1000)
SPLIT = 'send {"dataframe_split": {"columns": […], "data": [[…], …]}}'


def test_a_split_table_has_a_row_for_each_list() -> None:
    table = {"columns": ["a", "b"], "index": ["x", "y"], "data": [[1, 2], [3, [4]]]}
    assert rows_of_split(table, NAMES, LIMITS) == [{"a": 1, "b": 2}, {"a": 3, "b": [4]}]


@pytest.mark.parametrize("columns", [{}, {"columns": None}, {"columns": [0, 1]}])
def test_a_split_table_without_names_stays_lists(columns: dict[str, Any]) -> None:
    assert rows_of_split({**columns, "data": [[1, 2], [3, 4]]}, NAMES, LIMITS) == [[1, 2], [3, 4]]


@pytest.mark.parametrize("table", [None, [], {}, {"data": 1}, {"data": {"a": 1}}])
def test_a_split_table_has_a_list_of_data(table: Any) -> None:
    with pytest.raises(BadRequest) as raised:
        rows_of_split(table, NAMES, LIMITS)
    assert raised.value.description == f"dataframe_split has no list of data: {SPLIT}"


@pytest.mark.parametrize(
    "columns", [2, "ab", {"a": 1}, ["a", "a"], ["a", 1], [["a", "b"]], [1, 0], [None]]
)
def test_the_columns_of_a_split_table_have_names_of_their_own(columns: Any) -> None:
    with pytest.raises(BadRequest) as raised:
        rows_of_split({"columns": columns, "data": []}, NAMES, LIMITS)
    assert raised.value.description == (
        f"The columns of dataframe_split are not names, each once: {SPLIT}"
    )


def test_a_row_of_a_split_table_has_a_value_for_each_column() -> None:
    with pytest.raises(InvalidInputError) as raised:
        rows_of_split({"columns": ["a", "b"], "data": [[1, 2], [1], {"a": 1}]}, NAMES, LIMITS)
    assert raised.value.errors == {"1": "1 values for 2 columns", "2": "not a list of values"}


def test_columns_become_rows() -> None:
    assert rows_of_columns({"a": [1, 2], "b": [[3], [4]]}, NAMES, LIMITS) == [
        {"a": 1, "b": [3]},
        {"a": 2, "b": [4]},
    ]
    assert rows_of_columns({"a": [], "b": []}, NAMES, LIMITS) == []


@pytest.mark.parametrize("row", [{}, {"a": 1, "b": "x"}])
def test_an_object_without_lists_is_one_row(row: dict[str, Any]) -> None:
    assert rows_of_columns(row, NAMES, LIMITS) == [row]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"a": [1], "b": [1, 2]},
            "'a' has 1 values, but 'b' has 2: send as many for each parameter",
        ),
        (
            {"x" * 200: 1, "b": [1]},
            f"'b' is a list, but '{'x' * 100}…' is not: send a list for each parameter",
        ),
    ],
)
def test_columns_are_lists_of_one_length(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        rows_of_columns(columns, NAMES, LIMITS)
    assert raised.value.description == message


def test_more_than_max_rows_are_refused() -> None:
    few = RowLimits(rows=3, bytes=1000)
    columns = {"a": [1, 2, 3]}
    table = {"columns": ["a"], "data": [[1], [2], [3]]}
    assert rows_of_columns(columns, NAMES, few) == rows_of_split(table, NAMES, few)
    for read, value in ((rows_of_columns, columns), (rows_of_split, table)):
        with pytest.raises(RequestEntityTooLarge, match="more than 2 rows"):
            read(value, NAMES, RowLimits(rows=2, bytes=1000))


def test_names_of_no_parameter_do_not_grow_with_the_rows_without_a_bound() -> None:
    limits = RowLimits(rows=1000, bytes=1000)
    for count, is_too_much in ((100, False), (101, True)):
        columns = {"unknown_10": [1] * count, "a": [1] * count}
        table = {"columns": ["unknown_10", "a"], "data": [[1, 1]] * count}
        for read, value in ((rows_of_columns, columns), (rows_of_split, table)):
            if is_too_much:
                with pytest.raises(RequestEntityTooLarge, match="too many rows for the length"):
                    read(value, NAMES, limits)
            else:
                assert len(read(value, NAMES, limits)) == count
