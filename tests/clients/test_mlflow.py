"""MLflow's client of its scoring server, and the folders that it saves."""

from pathlib import Path
from typing import Any

import pytest

from tests.bare.serving import fetch, predict, serve
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


@pytest.mark.parametrize("format_", ["cloudpickle", "skops"])
def test_folder_that_mlflow_saves_is_served_without_a_module(tmp_path: Path, format_: str) -> None:
    folder = tmp_path / "irises"
    saved = run_client("mlflow", "save.py", folder=str(folder), format=format_)
    client = serve(tmp_path)
    answer = predict(client, saved["row"])
    assert [*answer["probabilities"].values()] == pytest.approx(saved["probabilities"])
    assert fetch(client, "/api/model")["name"] == "irises"
    document = fetch(client, "/api/swagger.json")
    assert document["definitions"]["input_vector"]["example"] == saved["row"]
