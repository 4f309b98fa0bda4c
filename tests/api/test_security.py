import re
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, PREDICT, VALID, make_client


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    return make_client(tmp_path, ECHO)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://proxied.example"},
        {"Origin": "http://localhost"},
        {"Origin": "https://localhost"},
    ],
)
def test_own_pages_and_callers_that_are_no_browser_pass(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.OK


FROM_ELSEWHERE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_a_request_from_another_site_is_refused(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    response = client.post(PREDICT, json=VALID, headers=headers)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json == {"message": "The CSRF token is missing."}


def test_a_false_token_is_refused(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "X-CSRFToken": "false"}
    client.get("/api/")
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_request_from_another_site_with_the_pages_token_passes(
    client: FlaskClient, headers: dict[str, str], scheme: str
) -> None:
    page = client.get("/api/").text
    token = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert token is not None
    response = client.post(
        PREDICT,
        json=VALID,
        headers={**headers, "X-CSRFToken": token[1]},
        base_url=f"{scheme}://localhost",
    )
    assert response.status_code == HTTPStatus.OK


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_reading_is_allowed_from_anywhere(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/api/readiness", headers=headers).status_code == HTTPStatus.OK


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
def test_without_the_protection_every_request_passes(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    client = make_client(tmp_path, ECHO, WTF_CSRF_ENABLED=False)
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.OK
    assert "csrf-token" not in client.get("/api/").text


@pytest.mark.parametrize("path", ["/api/", "/api/readiness", "/api/nowhere", "/api/swagger.json"])
def test_every_answer_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe-eval" not in headers["Content-Security-Policy"]


def test_the_page_needs_nothing_from_other_hosts(client: FlaskClient) -> None:
    page = client.get("/api/").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/api/")
        with client.get(asset) as response:
            assert response.status_code == HTTPStatus.OK
