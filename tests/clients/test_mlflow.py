"""MLflow's client of its scoring server."""

from typing import Any

import pytest

from tests.clients.running import FLOWER_NAMES, FLOWERS, INVALID, INVALID_ROWS, ROWS, run_client
from tests.helpers import Server


@pytest.fixture(scope="module")
def got(iris: Server, bikes: Server, unready: Server) -> Any:
    """What the client got."""
    return run_client(
        "mlflow",
        iris=iris.url,
        bikes=bikes.url,
        unready=unready.url,
        names=FLOWER_NAMES,
        flowers=FLOWERS,
        rows=ROWS,
        invalid_rows=INVALID_ROWS,
    )


def test_tables_and_arrays_predict_as_the_native_api(
    got: Any, flower_classes: list[int], hired: list[dict[str, Any]]
) -> None:
    assert got["flowers"] == [flower_classes] * 5
    assert got["rows"] == [hired] * 3


def test_invalid_rows_are_named_in_the_exception(got: Any) -> None:
    assert got["invalid"].startswith("Invocation failed (error code 400, response: ")
    assert INVALID in got["invalid"]
    for row in range(len(ROWS)):
        assert f"{row}.docks: 'docks' is a required property" in got["missing"]


def test_a_service_without_a_model_is_not_ready(got: Any) -> None:
    assert got["unready ping"] == "ping failed (error code 503)"
    assert "ping failed (error code 503)" in got["unready wait"]
    assert got["unready"].startswith("Invocation failed (error code 503, ")
    assert "Server Not Ready" in got["unready"]


def test_the_version_is_told_in_every_state(got: Any) -> None:
    assert got["version"]
    assert got["unready version"]
