"""Fixtures that several test files use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, Server, make_client
from tests.raw_http import serving_healthy


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A test client of the application with the model ECHO."""
    return make_client(tmp_path, ECHO)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that the tests of one file share; it must still be healthy at the end."""
    with serving_healthy(tmp_path_factory.mktemp("server")) as server:
        yield server
