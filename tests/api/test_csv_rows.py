"""Rows of a CSV text, as pandas, numpy and SageMaker's clients write it."""

import contextlib
import time
from typing import Any

import pandas as pd
import pytest
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from app.api.csv_rows import CsvRows
from app.api.rows import RowLimits
from app.errors import InvalidInputError
from app.predictor.parameters import Parameters

ROW = {
    "docks": 24,
    "temperature": 21.5,
    "holiday": False,
    "weather": "clear",
    "opened": "2023-04-01",
    "hours": [1, 2],
}
PARAMETERS = Parameters({**ROW, "note": None})
LIST = Parameters({"features": [1.5]})


def read(text: str, parameters: Parameters = PARAMETERS, **options: Any) -> list[Any]:
    return CsvRows(parameters, RowLimits(rows=1000, bytes=1000)).read(text.encode(), **options)


def test_a_table_that_pandas_writes_is_read_as_it_was() -> None:
    table = pd.DataFrame([ROW, {**ROW, "docks": 5, "holiday": True, "weather": 'a,"b"\r\nc'}])
    assert read(table.to_csv(index=False)) == table.to_dict("records")
    assert read(table.to_csv()) == table.to_dict("records")  # the index has no name


def test_a_header_may_have_any_order_and_names_of_no_parameters() -> None:
    assert read("id,weather,docks\r\n007,rain,3\r\n") == [
        {"id": "007", "weather": "rain", "docks": 3}
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("10", 10),
        ("-0", 0),
        ("+7", 7),
        (" 7 ", 7),
        ("007", 7),
        ("10.0", 10.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e+05", 1e5),
        ("2.500000000000000000E+00", 2.5),
        ("18446744073709551615", 2**64 - 1),
    ],
)
def test_a_cell_of_a_number_is_a_number(cell: str, value: float) -> None:
    for name in ("docks", "temperature", "note"):
        (row,) = read(f"{name}\n{cell}")
        assert row == {name: value}
        assert type(row[name]) is type(value)


@pytest.mark.parametrize(
    "cell",
    ["nan", "NA", "inf", "1e999", "18446744073709551616", "1_0", "١", "0x1", "9" * 5000, "-"],
)
def test_a_cell_of_no_number_stays_text_that_validation_rejects(cell: str) -> None:
    (row,) = read(f"docks\n{cell}", Parameters({"docks": 24}))
    assert row == {"docks": cell}
    assert "is not of type 'integer'" in PARAMETERS.validate({**ROW, **row}).errors["docks"]


@pytest.mark.parametrize(("cell", "value"), [("True", True), ("false", False), ("TRUE ", True)])
def test_a_cell_of_a_boolean_is_true_or_false(cell: str, value: bool) -> None:
    assert read(f"holiday,note\n{cell},{cell}") == [{"holiday": value, "note": value}]


def test_a_boolean_is_no_number_and_a_text_is_neither() -> None:
    assert read("holiday,weather,docks\n1,1,true\n0,false,x") == [
        {"holiday": "1", "weather": "1", "docks": "true"},
        {"holiday": "0", "weather": "false", "docks": "x"},
    ]


def test_a_cell_of_a_list_is_json() -> None:
    assert read('hours,docks\n"[1, 2.5]",1\n"[1,",2') == [
        {"hours": [1, 2.5], "docks": 1},
        {"hours": "[1,", "docks": 2},
    ]


def test_an_empty_cell_is_a_parameter_left_out() -> None:
    assert read("docks,weather,id\n,,\n1,,x") == [{}, {"docks": 1, "id": "x"}]


def test_without_a_header_the_cells_have_the_order_of_the_parameters() -> None:
    assert read(
        '24,21.5,False,clear,2023-04-01,"[1,2]"\n24,21.5,False,clear,2023-04-01,"[1,2]",5'
    ) == [
        ROW,
        {**ROW, "note": 5},
    ]


def test_the_caller_may_say_whether_there_is_a_header() -> None:
    text = Parameters({"text": "a"})
    assert read("text\nb", text) == [{"text": "b"}]
    assert read("text\nb", text, has_header=False) == [{"text": "text"}, {"text": "b"}]
    assert read("other\nb", text, has_header=True) == [{"other": "b"}]


def test_the_cells_of_a_line_are_the_items_of_the_only_list() -> None:
    assert read("5.1,3,x\n1", LIST) == [{"features": [5.1, 3, "x"]}, {"features": [1]}]
    assert read('"[5.1, 3]"', LIST) == [{"features": [5.1, 3]}]
    assert read('features\n"[5.1, 3]"', LIST) == [{"features": [5.1, 3]}]


def test_a_line_with_another_number_of_cells_is_an_error_of_its_row() -> None:
    with pytest.raises(InvalidInputError) as raised:
        read("docks,weather\n1,rain\n1\n1,rain,x")
    assert raised.value.errors == {
        "1": "1 cells, but the header has 2",
        "2": "3 cells, but the header has 2",
    }


def test_blank_lines_and_a_byte_order_mark_are_skipped() -> None:
    assert read("\ufeffdocks\r\n\r\n1\r2\n\n") == [{"docks": 1}, {"docks": 2}]
    assert read("docks\n") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The body is empty: send a line with names, then a line for each row"),
        (
            b"\xef\xbb\xbf\n\r\n",
            "The body is empty: send a line with names, then a line for each row",
        ),
        (b"docks\n\xff", "The body is not UTF-8: invalid start byte at byte 6"),
        (b'docks\n"1', "Line 2 of the body is not CSV: unexpected end of data"),
        (b'docks\n"1"2', "Line 2 of the body is not CSV: ',' expected after '\"'"),
        (
            b"docks\n" + b"1" * 131_073,
            "Line 2 of the body is not CSV: field larger than field limit (131072)",
        ),
        (b"docks,x,docks\n1,2,3", "Two columns have the name 'docks': send one"),
        (
            b"docks," + b"x" * 200 + b"," + b"x" * 200,
            f"Two columns have the name '{'x' * 100}…': send one",
        ),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadRequest) as raised:
        CsvRows(PARAMETERS, RowLimits(rows=1000, bytes=1000)).read(content)
    assert raised.value.description == message


def test_names_of_no_parameter_do_not_grow_with_the_rows_without_a_bound() -> None:
    rows = CsvRows(Parameters({"x": 1}), RowLimits(rows=1000, bytes=1000))
    assert len(rows.read(b"x,unknown_10\n" + b"1,1\n" * 100)) == 100
    with pytest.raises(RequestEntityTooLarge, match="too many rows for the length"):
        rows.read(b"x,unknown_10\n" + b"1,1\n" * 101)


def test_without_parameters_a_cell_has_the_type_that_fits() -> None:
    rows = CsvRows(Parameters({}), RowLimits(rows=1000, bytes=1000))
    assert rows.read(b'a,b,c,d\n1,2.5,true,text\n,,,"[1]"\n') == [
        {"a": 1, "b": 2.5, "c": True, "d": "text"},
        {"d": [1]},
    ]


def test_more_than_max_rows_are_refused() -> None:
    rows = CsvRows(Parameters({"x": 1}), RowLimits(rows=3, bytes=1000))
    for content in (b"x\n1\n2\n3", b"1\n2\n3"):
        assert len(rows.read(content)) == 3
        with pytest.raises(RequestEntityTooLarge, match="more than 3 rows"):
            rows.read(content + b"\n4")
    with pytest.raises(RequestEntityTooLarge, match="more than 3 rows"):
        rows.read(b'1\n1\n1\n1\n1\n"no CSV')  # which is not read


@pytest.mark.parametrize("unit", ["1,", '"', "1" * 400 + ",", "[", "-", '""'])
def test_the_time_grows_with_the_length(unit: str) -> None:
    text = ("note\n" + unit * 2_000_000)[:2_000_000]
    start = time.process_time()
    with contextlib.suppress(BadRequest, InvalidInputError):
        read(text)
    assert time.process_time() - start < 2
