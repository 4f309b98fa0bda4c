from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, PREDICT, make_client


@pytest.mark.parametrize(
    "path", ["/nowhere", "/nowhere/", "/api/nowhere", "/api/model/", "/api/swaggerui/x"]
)
def test_an_unknown_path_is_a_404_in_json(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert response.json is not None
    assert response.json.keys() == {"message"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/liveness", {"GET", "HEAD", "OPTIONS"}),
        ("DELETE", "/api/readiness", {"GET", "HEAD", "OPTIONS"}),
        ("GET", PREDICT, {"POST", "OPTIONS"}),
        ("PUT", PREDICT, {"POST", "OPTIONS"}),
        ("POST", "/api/", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/api/swagger.json", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_is_a_405_that_lists_the_allowed_ones(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    response = client.open(path, method=method)
    assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert set(response.headers["Allow"].split(", ")) == allowed
    assert response.json is not None
    assert response.json.keys() == {"message"}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/jsonx", "text/json"])
def test_another_content_type_is_a_415_that_names_the_right_one(
    client: FlaskClient, content_type: str | None
) -> None:
    response = client.post(PREDICT, data=b"{}", content_type=content_type)
    assert response.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    assert response.json == {"message": "Send the body as Content-Type: application/json"}


@pytest.mark.parametrize("suggests", [True, False])
def test_a_404_suggests_close_paths_only_with_error_404_help(
    tmp_path: Path, suggests: bool
) -> None:
    client = make_client(tmp_path, ECHO, ERROR_404_HELP=suggests)
    response = client.get("/api/livenes")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert ("/api/liveness" in response.text) is suggests


@pytest.mark.parametrize("path", ["/", "/api"])
def test_the_redirect_to_the_page_has_no_scheme_and_host(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == HTTPStatus.PERMANENT_REDIRECT
    assert response.headers["Location"] == "/api/"
