"""The forms of errors: the service's own, and those of the protocols."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from werkzeug.exceptions import NotFound

from app.api.error_shapes import ErrorShapes
from app.config.settings import Settings
from app.errors import InvalidInputError
from tests.helpers import make_client

REFUSING = """
    import flask

    def sample(): return {"x": 1}

    def run(row):
        if row["x"] < 0:
            flask.abort(422, "negative")
        return 1 / row["x"]
"""
INVALID = InvalidInputError({"3.a": "wrong", "4": "worse"}, 2)
IN_A_LINE = "Input payload validation failed: 3.a: wrong; 4: worse"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/model/predict", {"errors": INVALID.errors, "message": str(INVALID)}),
        ("/other", {"errors": INVALID.errors, "message": str(INVALID)}),
        ("", {"errors": INVALID.errors, "message": str(INVALID)}),
        ("/v1/models/a:predict", {"error": IN_A_LINE}),
        ("/v2", {"error": IN_A_LINE}),
        ("/v2/models/a/infer", {"error": IN_A_LINE}),
        ("/ping", {"error_code": "BAD_REQUEST", "message": IN_A_LINE}),
        ("/invocations", {"error_code": "BAD_REQUEST", "message": IN_A_LINE}),
    ],
)
def test_an_error_has_the_form_of_its_paths_protocol(path: str, body: Any) -> None:
    response = ErrorShapes(Settings()).response(INVALID, path)
    assert (response.status, json.loads(response.body)) == (400, body)


def test_a_protocol_that_is_off_has_no_form() -> None:
    response = ErrorShapes(Settings(PROTOCOLS="v1")).response(NotFound("gone"), "/v2/models")
    assert json.loads(response.body) == {"message": "gone"}


def test_an_error_that_nobody_foresaw_is_logged_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shapes = ErrorShapes(Settings())
    response = shapes.response(ValueError("secret"), "/v2/models/a/infer")
    assert (response.status, json.loads(response.body)) == (
        500,
        {"error": "An unhandled exception occurred"},
    )
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        "A request for '/v2/models/a/infer' failed",
    )
    assert record.exc_info
    caplog.clear()
    for foreseen in (NotFound(), INVALID):
        shapes.response(foreseen, "/v2")
    assert caplog.records == []


@pytest.mark.parametrize(
    ("rows", "status", "line"),
    [
        ([1, -1], 422, "Row 1: negative"),
        ([-1, 1, -2], 422, "Row 0: negative; Row 2: negative"),
        ([1, 0], 500, "Row 1: An unhandled exception occurred"),
    ],
)
def test_a_row_that_the_model_refuses_or_fails_for_is_named(
    tmp_path: Path, rows: list[int], status: int, line: str
) -> None:
    client = make_client(tmp_path, REFUSING)
    tensor = {"name": "x", "shape": [len(rows)], "datatype": "INT64", "data": rows}
    for path, body, key in (
        ("/v1/models/ml_trained_model:predict", {"instances": [{"x": x} for x in rows]}, "error"),
        ("/v2/models/ml_trained_model/infer", {"inputs": [tensor]}, "error"),
        ("/invocations", {"inputs": {"x": rows}}, "message"),
    ):
        response = client.post(path, json=body)
        assert (response.status_code, response.get_json()[key]) == (status, line)


def test_of_many_rows_the_first_hundred_are_named_with_the_number_of_the_others(
    tmp_path: Path,
) -> None:
    client = make_client(tmp_path, REFUSING)
    body = {"instances": [{"x": -1}] * 150}
    error = client.post("/v1/models/ml_trained_model:predict", json=body).get_json()["error"]
    assert error.startswith("Row 0: negative; Row 1: negative; ")
    assert error.endswith("; Row 99: negative; and 50 more")
