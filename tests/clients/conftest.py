"""Fixtures of the tests with other servers' clients: three services, and what they predict."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients.running import FLOWER_NAMES, FLOWERS, IRIS, ROWS, UNREADY
from tests.helpers import ROOT, Server, eventually, serving, write_module


@pytest.fixture(scope="session")
def iris(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with the model `iris`, version 3: four floats to a class."""
    folder = tmp_path_factory.mktemp("iris")
    write_module(folder, IRIS, "iris")
    with serving(folder, TRAINED_MODEL_MODULE_NAME="iris") as server:
        yield server
        assert_healthy(server)


@pytest.fixture(scope="session")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with the example model, named `bikes`."""
    folder = tmp_path_factory.mktemp("bikes") / "model"
    shutil.copytree(ROOT / "model", folder)
    with serving(folder, MODEL_NAME="bikes") as server:
        yield server
        assert_healthy(server)


@pytest.fixture(scope="session")
def unready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service whose model `unready` does not load."""
    folder = tmp_path_factory.mktemp("unready")
    write_module(folder, UNREADY, "unready")
    settings = {"TRAINED_MODEL_MODULE_NAME": "unready", "INIT_RETRIES": "0"}
    with serving(folder, wait=False, **settings) as server:
        eventually(lambda: server.get("/api/model").json()["state"] == "failed")
        yield server


@pytest.fixture(scope="session")
def flower_classes(iris: Server) -> list[int]:
    """The predictions for FLOWERS, one by one, by the native API."""
    rows = [dict(zip(FLOWER_NAMES, flower, strict=True)) for flower in FLOWERS]
    assert [iris.predict(row).json() for row in rows] == [1, 1]  # as from KServe's server
    return [1, 1]


@pytest.fixture(scope="session")
def hired(bikes: Server) -> list[dict[str, Any]]:
    """The predictions for ROWS, one by one, by the native API."""
    predictions = [bikes.predict(row).json() for row in ROWS]
    assert predictions[0] != predictions[1]
    return predictions


def assert_healthy(server: Server) -> None:
    """Check that no request was a server error."""
    assert server.is_ready()
    for text in ("ERROR", "Traceback"):
        assert text not in server.log
