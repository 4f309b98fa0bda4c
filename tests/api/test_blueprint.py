"""Title, version and description of the page and of both documents are the model's."""

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.helpers import GATED_INIT, eventually, make_client

DESCRIBED = '''"""Predict bikes.

    By the weather.
    """
__version__ = "3.1"
def run(input_data): return input_data
'''
RUN = "def run(input_data): return input_data\n"
UNKNOWN = {"version": "unknown", "description": "A trained model as a REST API"}


class Title(HTMLParser):
    """The text of an HTML page's title."""

    text = ""

    def handle_data(self, data: str) -> None:
        if self.lasttag == "title" and not self.text:
            self.text = data


def info_of(client: FlaskClient) -> dict[str, Any]:
    """Return what both documents and the page have alike."""
    swagger, openapi = client.get("/api/swagger.json").json, client.get("/api/openapi.json").json
    assert swagger is not None
    assert openapi is not None
    info: dict[str, Any] = swagger["info"]
    assert openapi["info"] == info
    page = Title()
    page.feed(client.get("/api/").text)
    assert page.text == info["title"]
    return info


def test_they_are_those_of_the_module(tmp_path: Path) -> None:
    assert info_of(make_client(tmp_path, DESCRIBED)) == {
        "title": "ml_trained_model",
        "version": "3.1",
        "description": "Predict bikes.\n\nBy the weather.",
    }


def test_model_name_is_the_title(tmp_path: Path) -> None:
    assert info_of(make_client(tmp_path, DESCRIBED, MODEL_NAME="fraud"))["title"] == "fraud"


@pytest.mark.parametrize("source", [RUN, f'""\n__version__ = ""\n{RUN}', "def run(:"])
def test_what_is_unknown_has_a_default(tmp_path: Path, source: str) -> None:
    assert info_of(make_client(tmp_path, source)) == {"title": "ml_trained_model", **UNKNOWN}


def test_without_a_module_the_title_is_the_services(tmp_path: Path) -> None:
    client = make_client(tmp_path, "raise OSError", TRAINED_MODEL_MODULE_NAME="")
    assert info_of(client) == {"title": "ml-rest-api", **UNKNOWN}


def test_they_are_known_once_the_module_is_imported(tmp_path: Path) -> None:
    client = make_client(
        tmp_path, f"{GATED_INIT}\n    __version__ = '2'\n", MULTITHREADED_INIT=True
    )
    eventually(lambda: info_of(client)["version"] == "2")
    assert client.get("/api/readiness").status_code == 503
    (tmp_path / "gate").touch()


def test_a_name_is_no_html(tmp_path: Path) -> None:
    client = make_client(tmp_path, RUN, MODEL_NAME="<script>alert(1)<\"'&amp;")
    assert "<script>alert" not in client.get("/api/").text
    assert info_of(client)["title"] == "<script>alert(1)<\"'&amp;"
