"""Triton's client: its tensors are binary unless told otherwise, and it sends no Content-Type."""

from typing import Any

import pytest

from tests.clients.running import FLOWERS, INVALID, INVALID_ROWS, ROWS, run_client
from tests.helpers import Server


@pytest.fixture(scope="module")
def got(iris: Server, bikes: Server, unready: Server) -> Any:
    """What the client got."""
    return run_client(
        "triton",
        iris=iris.url,
        bikes=bikes.url,
        unready=unready.url,
        flowers=FLOWERS,
        rows=ROWS,
        invalid_rows=INVALID_ROWS,
    )


def test_a_ready_service_is_live_and_ready(got: Any) -> None:
    for question in ("live", "ready", "model ready", "version ready"):
        assert got["iris"][question] is True, question


def test_a_service_without_a_model_is_live_and_not_ready(got: Any) -> None:
    assert got["unready"] == {
        "live": True,
        "ready": False,
        "model ready": False,
        "error": {"status": "503", "message": "Server Not Ready"},
    }


def test_metadata_has_the_parameters_as_tensors(got: Any) -> None:
    assert set(got["iris"]["server"]) == {"name", "version", "extensions"}
    model = got["iris"]["model"]
    assert got["iris"]["version"] == model
    assert (model["name"], model["versions"]) == ("iris", ["3"])
    assert [(tensor["datatype"], tensor["shape"]) for tensor in model["inputs"]] == [
        ("FP64", [-1])
    ] * 4
    assert [tensor["name"] for tensor in model["outputs"]] == ["predict"]
    datatypes = {tensor["name"]: tensor["datatype"] for tensor in got["bikes"]["model"]["inputs"]}
    assert datatypes == {
        "docks": "INT64",
        "temperature": "FP64",
        "holiday": "BOOL",
        "weather": "BYTES",
        "opened": "BYTES",
        "at": "BYTES",
    }


def test_a_tensor_of_rows_predicts_as_the_native_api(got: Any, flower_classes: list[int]) -> None:
    predictions = got["iris"]["predictions"]
    assert len(predictions) == 8  # FP32 and FP64, JSON and binary, plain and gzip
    assert predictions == dict.fromkeys(predictions, flower_classes)


def test_the_asynchronous_client_predicts_too(got: Any, flower_classes: list[int]) -> None:
    assert got["asynchronous"] == flower_classes


def test_a_tensor_per_parameter_predicts_as_the_native_api(
    got: Any, hired: list[dict[str, Any]]
) -> None:
    assert got["bikes"]["predictions"] == [[row["bikes"] for row in hired]] * 2


def test_a_response_has_the_id_of_the_request_and_the_version(
    got: Any, flower_classes: list[int]
) -> None:
    response = got["iris"]["response"]
    assert (response["id"], response["model_name"], response["model_version"]) == (
        "42",
        "iris",
        "3",
    )
    assert response["outputs"] == [
        {"name": "predict", "datatype": "INT64", "shape": [2], "data": flower_classes}
    ]


def test_an_invalid_row_is_named_in_the_exception(got: Any) -> None:
    assert got["bikes"]["invalid"] == [{"status": "400", "message": INVALID}] * 2


def test_an_unknown_model_or_version_is_not_found(got: Any) -> None:
    assert got["iris"]["unknown model"]["status"] == "404"
    assert "iris-2" in got["iris"]["unknown model"]["message"]
    assert got["iris"]["unknown version"]["status"] == "404"
    assert got["iris"]["unknown model ready"] is False
