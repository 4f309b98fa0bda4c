"""MLServer's types read the responses, and its codecs write the requests."""

import sys
from typing import Any

import pytest

from tests.clients.running import FLOWERS, INVALID, INVALID_ROWS, ROWS, run_client
from tests.helpers import Server

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="MLServer needs Python 3.12 or older"
)


@pytest.fixture(scope="module")
def got(iris: Server, bikes: Server, unready: Server) -> Any:
    """What the responses are to MLServer."""
    return run_client(
        "mlserver",
        iris=iris.url,
        bikes=bikes.url,
        unready=unready.url,
        flowers=FLOWERS,
        rows=ROWS,
        invalid_rows=INVALID_ROWS,
    )


def test_metadata_is_of_its_types(got: Any) -> None:
    assert set(got["server"]) == {"name", "version", "extensions"}
    assert got["model"]["name"] == "bikes"
    assert [tensor["name"] for tensor in got["model"]["inputs"]] == list(ROWS[0])


def test_arrays_and_tables_predict_as_the_native_api(
    got: Any, flower_classes: list[int], hired: list[dict[str, Any]]
) -> None:
    assert got["flowers"] == flower_classes
    assert got["response"]["id"] == "42"
    assert got["rows"] == hired


def test_errors_are_of_its_types(got: Any) -> None:
    assert got["invalid"] == {"status": 400, "error": INVALID}
    assert got["unready"] == {"status": 503, "error": "Server Not Ready"}
    assert got["unknown model"]["status"] == 404
    assert "iris-2" in got["unknown model"]["error"]
