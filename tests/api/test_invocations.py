"""MLflow's and SageMaker's `/invocations`, by the application."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import app
from tests.api.example_model import ROWS, example_client, native_predictions
from tests.helpers import ECHO, GATED_INIT, VALID, eventually, make_client

PATH = "/invocations"
TABLE = pd.DataFrame(ROWS)
COLUMNS = TABLE.to_dict("list")
LISTS = [[*row.values()] for row in ROWS]
FEATURES = "def sample():\n    return {'features': [1.5]}\n\ndef run(row):\n    return sum(row['features'])\n"
ONE = "def sample():\n    return {'x': 1.5}\n\ndef run(row):\n    return row['x']\n"


@pytest.fixture(scope="module")
def example() -> FlaskClient:
    return example_client()


def post_csv(client: FlaskClient, text: str, content_type: str = "text/csv") -> TestResponse:
    return client.post(PATH, data=text.encode(), content_type=content_type)


def error_of(response: TestResponse) -> str:
    assert response.json is not None
    assert response.json.keys() == {"error_code", "message"}
    message: str = response.json["message"]
    return message


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"dataframe_split": TABLE.to_dict("split")}, id="dataframe_split"),
        pytest.param({"dataframe_split": {"data": LISTS}}, id="dataframe_split without columns"),
        pytest.param(
            {"dataframe_split": pd.DataFrame(LISTS).to_dict("split")},
            id="dataframe_split with numbers as columns",
        ),
        pytest.param({"dataframe_records": ROWS}, id="dataframe_records"),
        pytest.param({"instances": ROWS}, id="instances"),
        pytest.param({"instances": LISTS}, id="instances as lists"),
        pytest.param({"inputs": ROWS}, id="inputs"),
        pytest.param({"inputs": LISTS}, id="inputs as lists"),
        pytest.param({"inputs": COLUMNS}, id="inputs as columns"),
        pytest.param(
            {"inputs": {name: [[it] for it in column] for name, column in COLUMNS.items()}},
            id="inputs as columns of lists of one",
        ),
        pytest.param({"inputs": ROWS, "params": {"a": 1}}, id="params are ignored"),
    ],
)
def test_each_form_of_json_is_predicted_as_by_the_native_api(
    example: FlaskClient, body: Any
) -> None:
    response = example.post(PATH, json=body)
    assert (response.status_code, response.json) == (200, native_predictions(example))


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        (TABLE.to_csv(index=False), "text/csv"),
        (TABLE.to_csv(), "Text/CSV; charset=UTF-8"),
        ("\ufeff" + TABLE.to_csv(index=False), "text/csv; header=present"),
        (TABLE.to_csv(index=False, header=False), "text/csv"),
        (TABLE.to_csv(index=False, header=False), "text/csv; header=absent"),
    ],
)
def test_csv_is_predicted_as_by_the_native_api(
    example: FlaskClient, text: str, content_type: str
) -> None:
    response = post_csv(example, text, content_type)
    assert (response.status_code, response.json) == (200, native_predictions(example))


def test_an_object_of_values_is_one_row(example: FlaskClient) -> None:
    response = example.post(PATH, json={"inputs": ROWS[0]})
    assert response.json == {"predictions": native_predictions(example)["predictions"][:1]}


@pytest.mark.parametrize("form", ["instances", "inputs"])
def test_values_are_rows_of_the_only_parameter(tmp_path: Path, form: str) -> None:
    response = make_client(tmp_path, ONE).post(PATH, json={form: [1, 2.5, [3]]})
    assert response.json == {"predictions": [1.0, 2.5, 3.0]}


def test_the_cells_of_a_row_are_the_features(tmp_path: Path) -> None:
    client = make_client(tmp_path, FEATURES)
    expected = {"predictions": [9.6, 4.0]}
    assert post_csv(client, "6.8,2.8\n1,3\n").json == expected
    for body in (
        {"inputs": [[6.8, 2.8], [1, 3]]},
        {"dataframe_split": pd.DataFrame([[6.8, 2.8], [1, 3]]).to_dict("split")},
        {"instances": [{"features": [6.8, 2.8]}, {"features": [1, 3]}]},
    ):
        assert client.post(PATH, json=body).json == expected


def test_an_empty_cell_is_a_parameter_left_out(example: FlaskClient) -> None:
    text = TABLE.to_csv(index=False).replace("clear", "")
    response = post_csv(example, text)
    assert response.status_code == 400
    assert "0.weather: 'weather' is a required property" in error_of(response)


def test_no_rows_have_no_predictions(client: FlaskClient) -> None:
    expected: Any = {"predictions": []}
    assert post_csv(client, ",".join(VALID)).json == expected
    bodies: list[Any] = [{"inputs": []}, {"inputs": {"a": []}}, {"dataframe_split": {"data": []}}]
    for body in bodies:
        assert client.post(PATH, json=body).json == expected


FORMS = 'send {"dataframe_split": […]}, or one of dataframe_records, instances, inputs'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], f"The body is not an object: {FORMS}"),
        (
            {"rows": []},
            f"The body has none of dataframe_split, dataframe_records, instances, inputs: {FORMS}",
        ),
        ({"instances": [], "inputs": []}, "The body has instances and inputs: send one of them"),
        ({"instances": 1}, 'instances is not a list: send {"instances": [{…}, …]}'),
        (
            {"dataframe_records": {"a": [1]}},
            'dataframe_records is not a list: send {"dataframe_records": [{…}, …]}',
        ),
    ],
)
def test_a_body_without_one_table_is_refused(client: FlaskClient, body: Any, message: str) -> None:
    response = client.post(PATH, json=body)
    assert (response.status_code, error_of(response)) == (400, message)


def wrong_weather(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rows[0], {**rows[1], "weather": "fog", "docks": "NA"}]


@pytest.mark.parametrize(
    "post",
    [
        lambda client, table: client.post(PATH, json={"dataframe_split": table.to_dict("split")}),
        lambda client, table: client.post(PATH, json={"inputs": table.to_dict("list")}),
        lambda client, table: post_csv(client, table.to_csv(index=False)),
    ],
)
def test_errors_name_their_rows(
    example: FlaskClient, post: Callable[[FlaskClient, pd.DataFrame], TestResponse]
) -> None:
    response = post(example, pd.DataFrame(wrong_weather(ROWS)))
    assert response.status_code == 400
    message = error_of(response)
    assert "1.weather: 'fog' is not one of" in message
    assert "1.docks: 'NA' is not of type 'integer'" in message
    assert "0." not in message


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/vnd.apache.parquet", "application/x-npy"]
)
def test_other_types_are_refused(client: FlaskClient, content_type: str | None) -> None:
    response = client.post(PATH, data=b"{}", content_type=content_type)
    assert (response.status_code, error_of(response)) == (
        415,
        "Send the body as Content-Type: application/json or text/csv",
    )


def test_csv_in_another_charset_is_refused(client: FlaskClient) -> None:
    response = post_csv(client, "a\n1", "text/csv; charset=latin-1")
    assert (response.status_code, error_of(response)) == (
        415,
        "The charset is 'latin-1': send the body in UTF-8",
    )


def test_a_byte_order_mark_is_taken_before_json(client: FlaskClient) -> None:
    body = "\ufeff" + json.dumps({"inputs": [VALID]})
    response = client.post(PATH, data=body.encode(), content_type="application/json")
    assert response.json == {"predictions": [VALID]}


def test_more_than_max_rows_are_too_many(tmp_path: Path) -> None:
    client = make_client(tmp_path, ONE, MAX_ROWS=2)
    for responses in (
        [post_csv(client, "x" + "\n1" * count) for count in (2, 3)],
        [client.post(PATH, json={"inputs": [1] * count}) for count in (2, 3)],
        [client.post(PATH, json={"inputs": {"x": [1] * count}}) for count in (2, 3)],
    ):
        assert [it.status_code for it in responses] == [200, 413]
        assert error_of(responses[1]) == "The body has more than 2 rows: send fewer at once"


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_the_ping_tells_whether_the_model_is_ready(tmp_path: Path, path: str) -> None:
    client = make_client(tmp_path, GATED_INIT, MULTITHREADED_INIT=True)
    for response in (client.get(path), client.post(PATH, json={"inputs": []})):
        assert (response.status_code, error_of(response)) == (503, "Server Not Ready")
    (tmp_path / "gate").touch()
    eventually(lambda: client.get(path).status_code == 200)
    assert client.head(path).status_code == 200


def test_the_version_is_that_of_the_service(client: FlaskClient) -> None:
    response = client.get("/version")
    assert (response.status_code, response.json) == (200, app.__version__)


def test_the_protocol_can_be_switched_off(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO, PROTOCOLS="")
    assert client.post(PATH, json={"inputs": []}).status_code == 404
    assert client.get("/ping").status_code == 404
