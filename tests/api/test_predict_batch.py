"""`POST /api/model/predict_batch`, through Flask; tests/server/test_rows.py has the server's."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ECHO, PREDICT, VALID, make_app, make_client

BATCH = "/api/model/predict_batch"
INVALID = "Input payload validation failed"
UNHANDLED = "An unhandled exception occurred"
# Records the sizes of what run_batch() gets; a row fails, or is refused, by its "do".
RECORDING = """
    import flask

    sizes = []

    def sample():
        return {"x": 1.5, "do": "predict"}

    def run(row):
        if row["do"] == "raise":
            raise ValueError("secret")
        if row["do"] == "refuse":
            flask.abort(422, "No such station")
        return {"y": 2 * row["x"]}

    def run_batch(rows):
        sizes.append(len(rows))
        return [run(row) for row in rows]
"""


def rows_of(*kinds: str) -> list[dict[str, Any]]:
    return [{"x": float(number), "do": kind} for number, kind in enumerate(kinds)]


def test_rows_are_predicted_in_order_by_one_call_of_run_batch(tmp_path: Path) -> None:
    app = make_app(tmp_path, RECORDING)
    assert app.predictor.model is not None
    sizes = vars(app.predictor.model.module)["sizes"]
    sizes.clear()
    response = app.test_client().post(BATCH, json={"rows": rows_of(*["predict"] * 1000)})
    assert response.status_code == 200
    assert response.json == {"predictions": [{"y": 2.0 * number} for number in range(1000)]}
    assert sizes == [1000]


def test_rows_are_predicted_one_by_one_where_there_is_no_run_batch(tmp_path: Path) -> None:
    response = make_client(tmp_path, ECHO).post(BATCH, json={"rows": [VALID] * 3})
    assert (response.status_code, response.json) == (200, {"predictions": [VALID] * 3})


def test_rows_are_converted_like_one(tmp_path: Path) -> None:
    client = make_client(
        tmp_path,
        "def sample(): return {'a': 1.5, 'b': None}\ndef run(row): return list(row.items())",
    )
    (row,) = client.post(BATCH, json={"rows": [{"a": 2}]}).get_json()["predictions"]
    assert json.dumps(row) == '[["a", 2.0], ["b", null]]'


def test_no_rows_have_no_predictions(tmp_path: Path) -> None:
    client = make_client(
        tmp_path, "def run(_): return 1\ndef run_batch(rows): return [1 / len(rows)]"
    )
    assert client.post(BATCH, json={"rows": []}).json == {"predictions": []}


@pytest.mark.parametrize(
    "body",
    ["[]", "{}", '"rows"', '{"rows": {}}', '{"rows": null}', '{"Rows": []}',
     '{"rows": [], "partial": 1}', '{"rows": [], "partial": "true"}', "", "{", "null"],
)  # fmt: skip
def test_a_body_of_another_form_is_a_400_with_one_message(tmp_path: Path, body: str) -> None:
    client = make_client(tmp_path, ECHO)
    response = client.post(BATCH, data=body, content_type="application/json")
    assert response.status_code == 400
    assert list(response.get_json()) == ["message"]
    assert "\n" not in response.get_json()["message"]


def test_the_content_type_is_that_of_json(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    assert client.post(BATCH, data='{"rows": []}', content_type="text/plain").status_code == 415


def test_all_errors_of_all_rows_are_in_one_400_by_their_indices(tmp_path: Path) -> None:
    rows = [VALID, {**VALID, "int_param": "a"}, VALID, 7, {}, {**VALID, "date_param": "x"}]
    response = make_client(tmp_path, ECHO).post(BATCH, json={"rows": rows})
    assert response.status_code == 400
    assert response.json == {
        "message": INVALID,
        "errors": {
            "1.int_param": "'a' is not of type 'integer'",
            "3": "7 is not of type 'object'",
            **{f"4.{name}": f"'{name}' is a required property" for name in VALID},
            "5.date_param": "'x' is not a 'date'",
        },
    }


def test_the_first_hundred_errors_are_shown_with_the_number_of_all(tmp_path: Path) -> None:
    response = make_client(tmp_path, ECHO).post(BATCH, json={"rows": [VALID] + [{}] * 785})
    assert response.get_json()["message"] == f"{INVALID}: 100 of 4710 errors shown"
    assert len(response.get_json()["errors"]) == 100
    assert next(iter(response.get_json()["errors"])) == "1.int_param"


def test_more_than_max_rows_are_a_413(tmp_path: Path) -> None:
    client = make_client(tmp_path, RECORDING, MAX_ROWS=3)
    assert client.post(BATCH, json={"rows": rows_of(*["predict"] * 3)}).status_code == 200
    response = client.post(BATCH, json={"rows": [{}] * 4})
    assert (response.status_code, response.json) == (
        413,
        {"message": "The body has more than 3 rows: send fewer at once"},
    )


@pytest.mark.parametrize("source", [RECORDING, RECORDING.replace("run_batch", "unused")])
def test_a_row_that_the_model_refuses_is_named_with_its_status(tmp_path: Path, source: str) -> None:
    client = make_client(tmp_path, source)
    response = client.post(BATCH, json={"rows": rows_of("predict", "refuse", "predict", "refuse")})
    assert response.status_code == 422
    assert response.json == {
        "message": "Row 1: No such station",
        "errors": {"1": "No such station", "3": "No such station"},
    }


@pytest.mark.parametrize("source", [RECORDING, RECORDING.replace("run_batch", "unused")])
def test_a_row_for_which_the_model_fails_is_a_500_that_names_it(
    tmp_path: Path, source: str
) -> None:
    client = make_client(tmp_path, source)
    response = client.post(BATCH, json={"rows": rows_of("predict", "refuse", "raise", "predict")})
    assert response.status_code == 500
    assert response.json == {
        "message": UNHANDLED,
        "errors": {"1": "No such station", "2": UNHANDLED},
    }


def test_with_partial_each_row_has_its_prediction_or_its_errors(tmp_path: Path) -> None:
    client = make_client(tmp_path, RECORDING)
    rows: list[Any] = [*rows_of("predict", "raise", "refuse", "predict"), {"x": "a"}, None]
    response = client.post(BATCH, json={"rows": rows, "partial": True})
    assert response.status_code == 200
    assert response.json == {
        "predictions": [{"y": 0.0}, None, None, {"y": 6.0}, None, None],
        "errors": {
            "1": {"": UNHANDLED},
            "2": {"": "No such station"},
            "4": {"x": "'a' is not of type 'number'", "do": "'do' is a required property"},
            "5": {"": "null is not of type 'object'"},
        },
    }


def test_with_partial_the_errors_of_one_row_may_be_too_many_too(tmp_path: Path) -> None:
    client = make_client(tmp_path, "def sample(): return {'a': [1]}\ndef run(row): return 1")
    rows = [{"a": ["x"] * 200}, {"a": [1]}]
    body = client.post(BATCH, json={"rows": rows, "partial": True}).get_json()
    assert body["predictions"] == [None, 1]
    assert len(body["errors"]["0"]) == 100
    assert body["message"] == "100 of 200 errors shown"


def test_with_partial_and_no_errors_the_errors_are_empty(tmp_path: Path) -> None:
    response = make_client(tmp_path, RECORDING).post(
        BATCH, json={"rows": rows_of("predict"), "partial": True}
    )
    assert response.json == {"predictions": [{"y": 0.0}], "errors": {}}


def test_with_partial_the_errors_of_a_hundred_rows_are_shown(tmp_path: Path) -> None:
    rows: list[Any] = [{}] * 150 + rows_of("predict")
    response = make_client(tmp_path, RECORDING).post(BATCH, json={"rows": rows, "partial": True})
    assert response.get_json()["predictions"] == [None] * 150 + [{"y": 0.0}]
    assert list(response.get_json()["errors"]) == [str(row) for row in range(100)]
    assert response.get_json()["message"] == "200 of 300 errors shown"


def test_a_result_without_a_json_counterpart_fails_its_row_alone(tmp_path: Path) -> None:
    source = "def run(row): return object() if row else 1\ndef run_batch(rows): return [run(row) for row in rows]"
    response = make_client(tmp_path, source).post(
        BATCH, json={"rows": [{}, {"a": 1}, {}], "partial": True}
    )
    assert response.json == {"predictions": [1, None, 1], "errors": {"1": {"": UNHANDLED}}}


def test_debug_tells_the_exceptions_of_rows(tmp_path: Path) -> None:
    client = make_client(tmp_path, RECORDING, FLASK_DEBUG=True)
    rows = rows_of("raise")
    assert client.post(BATCH, json={"rows": rows}).get_json()["errors"] == {
        "0": "ValueError: secret"
    }
    partial = client.post(BATCH, json={"rows": rows, "partial": True}).get_json()
    assert partial["errors"] == {"0": {"": "ValueError: secret"}}


def test_without_validation_rows_need_but_be_objects(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, RESTX_VALIDATE=False)
    rows = [{"int_param": "a"}, {**VALID, "float_param": 2}]
    assert client.post(BATCH, json={"rows": rows}).json == {"predictions": rows}
    assert client.post(BATCH, json={"rows": [*rows, 1]}).get_json()["errors"] == {
        "2": "1 is not of type 'object'"
    }


def test_rows_before_the_model_is_ready_are_a_503_for_any_body(tmp_path: Path) -> None:
    client = make_client(tmp_path, "def run(_): return 1\ndef init(): raise ValueError('why')")
    response = client.post(BATCH, data="{")
    assert (response.status_code, response.json) == (503, {"message": "Server Not Ready"})
    assert int(response.headers["Retry-After"]) > 0


def test_a_row_predicts_the_same_alone_and_among_others(tmp_path: Path) -> None:
    client = make_client(tmp_path, RECORDING)
    rows = rows_of("predict", "predict", "predict")
    alone = [client.post(PREDICT, json=row).json for row in rows]
    assert client.post(BATCH, json={"rows": rows}).json == {"predictions": alone}


def test_the_logged_errors_of_one_request_are_bounded(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(tmp_path, RECORDING)
    caplog.clear()
    client.post(BATCH, json={"rows": rows_of(*["raise"] * 500), "partial": True})
    assert len(caplog.records) < 20
    assert caplog.records[-1].getMessage() == "Prediction failed for 500 of 500 rows"
