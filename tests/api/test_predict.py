import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, GATED, PREDICT, VALID, eventually, make_app, make_client

FAILED = {"message": "An unhandled exception occurred"}
INVALID = "Input payload validation failed"


def test_the_response_to_a_valid_body_is_the_result_of_run(client: FlaskClient) -> None:
    response = client.post(PREDICT, json=VALID)
    assert (response.status_code, response.json) == (HTTPStatus.OK, VALID)
    assert response.content_type == "application/json"


def test_unknown_parameters_are_passed_to_run(client: FlaskClient) -> None:
    row = {**VALID, "extra": [None, {"a": 1}]}
    assert client.post(PREDICT, json=row).json == row


def test_a_missing_parameter_is_an_error(client: FlaskClient) -> None:
    row = {key: value for key, value in VALID.items() if key != "int_param"}
    response = client.post(PREDICT, json=row)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json == {
        "errors": {"int_param": "'int_param' is a required property"},
        "message": INVALID,
    }


def test_all_errors_are_in_one_response(client: FlaskClient) -> None:
    row = {"int_param": "a", "float_param": "b", "string_param": 1, "bool_param": "c",
           "datetime_param": "d", "date_param": None}  # fmt: skip
    assert client.post(PREDICT, json=row).json == {
        "errors": {
            "int_param": "'a' is not of type 'integer'",
            "float_param": "'b' is not of type 'number'",
            "string_param": "1 is not of type 'string'",
            "bool_param": "'c' is not of type 'boolean'",
            "datetime_param": "'d' is not a 'date-time'",
            "date_param": "null is not of type 'string'",
        },
        "message": INVALID,
    }


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize(("body", "shown"), [([], "[]"), ("a", "'a'"), (1, "1"), (None, "null")])
def test_a_body_that_is_not_an_object_is_rejected_even_without_validation(
    tmp_path: Path, body: Any, shown: str, validate: bool
) -> None:
    client = make_client(tmp_path, ECHO, RESTX_VALIDATE=validate)
    response = client.post(PREDICT, data=json.dumps(body), content_type="application/json")
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json == {
        "errors": {"": f"{shown} is not of type 'object'"},
        "message": INVALID,
    }


def test_without_validation_any_object_reaches_the_model(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, RESTX_VALIDATE=False)
    assert client.post(PREDICT, json={"int_param": "a"}).json == {"int_param": "a"}


def test_two_applications_in_one_process_have_their_own_settings(tmp_path: Path) -> None:
    lenient = make_client(tmp_path / "lenient", ECHO, RESTX_VALIDATE=False)
    strict = make_client(tmp_path / "strict", ECHO)
    assert lenient.post(PREDICT, json={}).status_code == HTTPStatus.OK
    assert strict.post(PREDICT, json={}).status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("source", ["def sample(): return {}", ""])
def test_without_a_sample_any_object_is_accepted(tmp_path: Path, source: str) -> None:
    client = make_client(tmp_path, f"def run(input_data): return input_data\n{source}\n")
    assert client.post(PREDICT, json={"any": 1}).json == {"any": 1}
    assert client.post(PREDICT, json=[1]).status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    "raised", ["ValueError('secret')", "SystemExit('secret')", "KeyboardInterrupt"]
)
def test_an_exception_in_run_is_a_500_without_its_text(tmp_path: Path, raised: str) -> None:
    client = make_client(tmp_path, f"def run(_): raise {raised}")
    response = client.post(PREDICT, json={})
    assert (response.status_code, response.json) == (HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)


def test_with_flask_debug_the_500_contains_the_type_and_text_of_the_exception(
    tmp_path: Path,
) -> None:
    client = make_client(tmp_path, "def run(_): raise ValueError('secret')", FLASK_DEBUG=True)
    response = client.post(PREDICT, json={})
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert response.json == {"message": "ValueError: secret"}


def test_an_exception_is_logged_with_its_traceback_and_without_the_input(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(tmp_path, "def run(_): raise ValueError('why')")
    client.post(PREDICT, json={"name": "private"})
    assert "run() failed at ml_trained_model.py, line 1: ValueError: why" in caplog.text
    assert "Traceback" in caplog.text
    assert "private" not in caplog.text


def test_a_result_that_is_not_json_serialisable_is_a_500_and_its_type_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(tmp_path, "def run(_): return {'a': object()}")
    response = client.post(PREDICT, json={})
    assert (response.status_code, response.json) == (HTTPStatus.INTERNAL_SERVER_ERROR, FAILED)
    assert "a object has no JSON counterpart" in caplog.text


@pytest.mark.parametrize(
    ("result", "expected"),
    [("float('nan')", None), ("(1, 404)", [1, 404]), ("None", None), ("'text'", "text"),
     ("__import__('numpy').array([1.5, float('inf')])", [1.5, None])],
)  # fmt: skip
def test_a_result_of_any_type_is_the_body_of_a_200(
    tmp_path: Path, result: str, expected: Any
) -> None:
    client = make_client(tmp_path, f"def run(_): return {result}")
    response = client.post(PREDICT, json={})
    assert (response.status_code, response.json) == (HTTPStatus.OK, expected)


def test_types_of_lists_dicts_and_optional_parameters_come_from_their_examples(
    tmp_path: Path,
) -> None:
    client = make_client(
        tmp_path,
        "def sample(): return {'list': [1.5], 'dict': {'a': 'x'}, 'optional': None}\n"
        "def run(input_data): return input_data\n",
    )
    assert client.post(PREDICT, json={"list": [1, 2.5], "dict": {"a": "y"}}).status_code == 200
    assert client.post(PREDICT, json={"list": ["a"], "dict": {}}).json == {
        "errors": {
            "list.0": "'a' is not of type 'number'",
            "dict.a": "'a' is a required property",
        },
        "message": INVALID,
    }


def test_a_prediction_before_the_model_is_ready_is_a_503_for_any_body(tmp_path: Path) -> None:
    client = make_client(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')")
    response = client.post(PREDICT, data="{")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json == {"message": "Server Not Ready"}
    assert int(response.headers["Retry-After"]) > 0


def test_a_caller_waits_for_predict_timeout_and_a_call_that_runs_keeps_its_place(
    tmp_path: Path,
) -> None:
    client = make_client(tmp_path, GATED, PREDICT_TIMEOUT=0.2, MAX_PENDING=1)
    response = client.post(PREDICT, json={"id": 1})
    assert response.status_code == HTTPStatus.GATEWAY_TIMEOUT
    assert response.json == {"message": "Prediction Timed Out"}
    busy = client.post(PREDICT, json={})
    assert (busy.status_code, busy.json) == (503, {"message": "Server Busy"})
    (tmp_path / "gate").touch()
    eventually(lambda: client.post(PREDICT, json={"a": 1}).json == {"a": 1})


def test_a_call_that_times_out_while_it_waits_is_never_made(tmp_path: Path) -> None:
    app = make_app(tmp_path, GATED, PREDICT_TIMEOUT=0.2, MAX_PENDING=2)
    client = app.test_client()
    for number in range(3):
        response = client.post(PREDICT, json={"id": number})
        assert response.status_code == HTTPStatus.GATEWAY_TIMEOUT
    assert len(app.predictor.calls) == 1
    (tmp_path / "gate").touch()
    eventually(lambda: client.post(PREDICT, json={"a": 1}).json == {"a": 1})
    assert [file.name for file in tmp_path.glob("started-*")] == ["started-0"]
