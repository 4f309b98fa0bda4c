"""The response to a row that the model refuses, by the application and by gunicorn."""

import logging
from pathlib import Path

import pytest

from tests.helpers import PREDICT, eventually, make_client, parse_metrics, serving, write_module
from tests.raw_http import RawConnection, post

# Refuses in the way that the row names; a client or a proxy may know each of these codes.
REFUSING = """
    from flask import abort
    from werkzeug.exceptions import BadRequest, Forbidden, HTTPException, TooManyRequests

    class Unassigned(HTTPException):
        code = 499

    def run(row):
        match row.get("do"):
            case "bad": raise BadRequest("country XX is unknown")
            case "forbidden": raise Forbidden("not yours")
            case "often": raise TooManyRequests("too often", retry_after=7)
            case "unassigned": raise Unassigned("no")
            case "odd": abort(422, "\\ud800\\n" + "x" * 20_000)
            case "fail": raise ValueError("X has 3 features, but 4 are expected")
            case int(code): abort(code, "no")
        return row
"""
CODES = (400, 401, 404, 408, 409, 411, 413, 415, 418, 422, 429, 431, 499)
REFUSED = "ml_rest_api_refused_total", "reason=model"
FAILED = {"message": "An unhandled exception occurred"}


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    ("do", "status", "message"),
    [
        ("bad", 400, "country XX is unknown"),
        ("forbidden", 403, "not yours"),
        ("often", 429, "too often"),
        ("unassigned", 499, "no"),
        ("odd", 422, "\\ud800\n" + "x" * (10_000 - len("\\ud800\n")) + "…"),
        (418, 418, "no"),
    ],
)
def test_a_refused_row_is_the_models_4xx_with_its_description(
    tmp_path: Path, do: str | int, status: int, message: str, *, debug: bool
) -> None:
    response = make_client(tmp_path, REFUSING, FLASK_DEBUG=debug).post(PREDICT, json={"do": do})
    assert (response.status_code, response.json) == (status, {"message": message})
    assert response.headers.get("Retry-After") == ("7" if do == "often" else None)


def test_the_document_has_a_response_of_any_code_for_a_refused_row(tmp_path: Path) -> None:
    document = make_client(tmp_path, REFUSING).get("/api/swagger.json").json
    assert document is not None
    assert document["paths"]["/model/predict"]["post"]["responses"]["default"] == {
        "description": "The model rejects a row, with a 4xx of its own",
        "schema": {"$ref": "#/definitions/error"},
    }


def test_what_the_model_raises_else_stays_a_500(tmp_path: Path) -> None:
    response = make_client(tmp_path, REFUSING, FLASK_DEBUG=False).post(PREDICT, json={"do": "fail"})
    assert (response.status_code, response.json) == (500, FAILED)


def test_a_refused_row_is_one_line_of_the_log_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = make_client(tmp_path, REFUSING)
    caplog.clear()
    client.post(PREDICT, json={"do": 422})
    (record,) = caplog.records
    assert record.levelno == logging.INFO
    assert record.exc_info is None
    assert record.getMessage() == (
        "run() refused a row at ml_trained_model.py, line 16: 422 Unprocessable Entity: no"
    )


def test_refused_rows_are_counted_apart_from_invalid_ones_and_from_errors(tmp_path: Path) -> None:
    client = make_client(tmp_path, REFUSING)
    assert parse_metrics(client.get("/metrics").text)[REFUSED] == 0
    for do in ("bad", "often", "fail", None):
        client.post(PREDICT, json={"do": do})
    client.post(PREDICT, json=[])
    assert parse_metrics(client.get("/metrics").text)[REFUSED] == 2


def test_the_connection_stays_open_after_each_code(tmp_path: Path) -> None:
    write_module(tmp_path, REFUSING)
    with serving(tmp_path) as server, RawConnection(server.port) as connection:
        for code in CODES:
            do = '"unassigned"' if code == 499 else code
            connection.send(post(f'{{"do":{do}}}'.encode()))
            response = connection.read_response()
            assert (response.status, response.json) == (code, {"message": "no"})
            assert response.headers["Connection"] == "keep-alive"
        connection.send(post(b'{"do":"often"}'))
        assert connection.read_response().headers["Retry-After"] == "7"
        connection.send(post(b"{}"))
        assert connection.read_response().status == 200
        assert "Traceback" not in server.log
        assert server.log.count("refused a row at ml_trained_model.py, line") == len(CODES) + 1


def test_refused_rows_of_all_processes_are_counted(tmp_path: Path) -> None:
    write_module(tmp_path, REFUSING)
    refused = {"row": {"do": 422}, "headers": {"X-Request-Id": "me"}}
    with serving(tmp_path, WORKERS="2") as server:
        for _ in range(20):  # one worker may be ready later than the other
            eventually(lambda: server.predict(**refused).status_code == 422)
        counts = {parse_metrics(server.get("/metrics").text)[REFUSED] for _ in range(5)}
        assert counts == {20}
        lines = [line for line in server.log.splitlines() if "refused a row" in line]
        assert len(lines) == 20
        assert all(line.endswith("Unprocessable Entity: no [me]") for line in lines)


def test_a_browsers_request_is_refused_likewise(tmp_path: Path) -> None:
    write_module(tmp_path, REFUSING)
    with serving(tmp_path, RESTX_MASK_SWAGGER="on") as server:
        response = server.predict({"do": "often"}, headers={"X-Fields": "do"})  # by Flask
        assert (response.status_code, response.json()) == (429, {"message": "too often"})
        assert response.headers["Retry-After"] == "7"
        assert parse_metrics(server.get("/metrics").text)[REFUSED] == 1
