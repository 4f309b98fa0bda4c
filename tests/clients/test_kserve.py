"""KServe's client, with both protocols."""

from typing import Any

import pytest

from tests.clients.running import FLOWER_NAMES, FLOWERS, INVALID, INVALID_ROWS, ROWS, run_client
from tests.helpers import Server


@pytest.fixture(scope="module")
def got(iris: Server, bikes: Server, unready: Server) -> Any:
    """What the client got, by protocol."""
    return run_client(
        "kserve",
        iris=iris.url,
        bikes=bikes.url,
        unready=unready.url,
        names=FLOWER_NAMES,
        flowers=FLOWERS,
        rows=ROWS,
        invalid_rows=INVALID_ROWS,
    )


def test_a_ready_service_is_live_and_ready(got: Any) -> None:
    assert got["v1"]["model ready"] is True
    for question in ("live", "ready", "model ready"):
        assert got["v2"][question] is True, question


def test_a_service_without_a_model_is_not_ready(got: Any) -> None:
    assert got["v1"]["unready model ready"] is False
    assert got["v2"]["unready live"] is True
    assert got["v2"]["unready ready"]["status"] == 503
    assert got["v2"]["unready model ready"] is False
    for protocol in ("v1", "v2"):
        assert got[protocol]["unready"]["status"] == 503
        assert got[protocol]["unready"]["message"].startswith("Server Not Ready, ")


def test_instances_predict_as_the_native_api(
    got: Any, flower_classes: list[int], hired: list[dict[str, Any]]
) -> None:
    assert got["v1"]["lists"] == {"predictions": flower_classes}
    assert got["v1"]["objects"] == {"predictions": flower_classes}  # each value a list of one
    assert got["v1"]["rows"] == {"predictions": hired}


def test_tensors_predict_as_the_native_api(
    got: Any, flower_classes: list[int], hired: list[dict[str, Any]]
) -> None:
    for response in (got["v2"]["dict"], *got["v2"]["flowers"]):
        assert response["model_name"] == "iris"
        assert [output["data"] for output in response["outputs"]] == [flower_classes]
    for response in got["v2"]["rows"]:
        assert response["id"] == "42"
        outputs = {output["name"]: output["data"] for output in response["outputs"]}
        assert outputs == {"bikes": [row["bikes"] for row in hired]}


def test_an_invalid_row_is_named_in_the_exception(got: Any) -> None:
    for error in (got["v1"]["invalid"], *got["v2"]["invalid"]):
        assert error["status"] == 400
        assert error["message"].startswith(f"{INVALID}, '400 ")


def test_an_unknown_model_is_not_found(got: Any) -> None:
    assert got["v2"]["unknown model ready"] is False
    for error in (
        got["v1"]["unknown model"],
        got["v1"]["unknown model ready"],
        got["v2"]["unknown model"],
    ):
        assert error["status"] == 404
        assert "iris-2" in error["message"].partition("'404 ")[0]
