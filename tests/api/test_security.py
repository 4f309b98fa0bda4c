import re
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.helpers import ECHO, PREDICT, VALID, make_client


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
def test_requests_of_the_services_page_and_of_other_programs_are_accepted(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.OK


CROSS_SITE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:81"},
    {"Origin": "null"},
]


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_a_cross_site_request_is_rejected(client: FlaskClient, headers: dict[str, str]) -> None:
    response = client.post(PREDICT, json=VALID, headers=headers)
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert response.json == {"message": "The CSRF token is missing."}


def test_a_wrong_token_is_rejected(client: FlaskClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "X-CSRFToken": "wrong"}
    client.get("/api/")
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("headers", CROSS_SITE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_cross_site_request_with_the_token_of_the_page_is_accepted(
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


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_cross_site_reads_are_allowed(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/api/readiness", headers=headers).status_code == HTTPStatus.OK


@pytest.mark.parametrize("headers", CROSS_SITE)
def test_without_csrf_protection_every_request_is_accepted(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    client = make_client(tmp_path, ECHO, WTF_CSRF_ENABLED=False)
    assert client.post(PREDICT, json=VALID, headers=headers).status_code == HTTPStatus.OK
    assert "csrf-token" not in client.get("/api/").text


@pytest.mark.parametrize("path", ["/api/", "/api/readiness", "/api/nowhere", "/api/swagger.json"])
def test_every_response_has_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "unsafe-eval" not in headers["Content-Security-Policy"]


def test_the_page_loads_its_assets_from_this_service_only(client: FlaskClient) -> None:
    page = client.get("/api/").text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/api/")
        with client.get(asset) as response:
            assert response.status_code == HTTPStatus.OK
