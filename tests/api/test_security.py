import re
from http import HTTPStatus
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

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
    assert response.json == {
        "message": "The CSRF token is missing: to let pages of other origins call, "
        "name the origins in CORS_ORIGINS"
    }
    assert not cors_headers(response)


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


ORIGIN = "https://app.example"
CORS = {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site"}


def cors_headers(response: TestResponse) -> dict[str, str]:
    return {name: text for name, text in response.headers if name.startswith("Access-Control-")}


@pytest.mark.parametrize("allowed", [ORIGIN, f"http://localhost:1, {ORIGIN}/", "*"])
def test_a_page_of_an_allowed_origin_may_call_without_a_token_and_read_the_response(
    tmp_path: Path, allowed: str
) -> None:
    client = make_client(tmp_path, ECHO, CORS_ORIGINS=allowed)
    for row, status in ((VALID, HTTPStatus.OK), ({}, HTTPStatus.BAD_REQUEST)):
        response = client.post(PREDICT, json=row, headers=CORS)
        assert response.status_code == status
        assert cors_headers(response) == {
            "Access-Control-Allow-Origin": ORIGIN,
            "Access-Control-Expose-Headers": "Retry-After, X-Model-Version, X-Request-Id",
        }
        assert response.headers["Vary"] == "Origin"
    for path, status in (("/api/readiness", HTTPStatus.OK), ("/no", HTTPStatus.NOT_FOUND)):
        response = client.get(path, headers=CORS)
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize("allowed", [ORIGIN, "*"])
def test_a_browser_that_asks_first_is_told_the_methods_and_headers(
    tmp_path: Path, allowed: str
) -> None:
    client = make_client(tmp_path, ECHO, CORS_ORIGINS=allowed)
    asked = {
        **CORS,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-request-id",
    }
    response = client.options(PREDICT, headers=asked)
    assert (response.status_code, response.data) == (HTTPStatus.OK, b"")
    told = cors_headers(response)
    assert told["Access-Control-Allow-Origin"] == ORIGIN
    assert set(told["Access-Control-Allow-Methods"].split(", ")) == {"OPTIONS", "POST"}
    assert told["Access-Control-Allow-Headers"] == "content-type,x-request-id"
    assert int(told["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.org", "null"])
def test_a_page_of_another_origin_may_neither_call_nor_read(tmp_path: Path, origin: str) -> None:
    client = make_client(tmp_path, ECHO, CORS_ORIGINS=ORIGIN)
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
    posted = client.post(PREDICT, json=VALID, headers=headers)
    assert posted.status_code == HTTPStatus.BAD_REQUEST
    for response in (
        posted,
        client.get("/api/readiness", headers=headers),
        client.options(PREDICT, headers={**headers, "Access-Control-Request-Method": "POST"}),
        client.get("/api/readiness"),
    ):
        assert not cors_headers(response)
        assert response.headers["Vary"] == "Origin"


def test_without_cors_origins_no_page_is_told_that_it_may_read(client: FlaskClient) -> None:
    for response in (
        client.get("/api/readiness", headers=CORS),
        client.options(PREDICT, headers={**CORS, "Access-Control-Request-Method": "POST"}),
    ):
        assert not cors_headers(response)
        assert "Vary" not in response.headers


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


@pytest.fixture(params=["/fraud", "fraud/"])
def prefixed(tmp_path: Path, request: pytest.FixtureRequest) -> FlaskClient:
    """A test client of the application with ROOT_PATH."""
    return make_client(tmp_path, ECHO, ROOT_PATH=request.param)


@pytest.mark.parametrize("prefix", ["", "/fraud"])
def test_every_path_answers_with_and_without_root_path(prefixed: FlaskClient, prefix: str) -> None:
    for path in ("/api/readiness", "/api/", "/api/swagger.json", "/api/openapi.json", "/metrics"):
        assert prefixed.get(prefix + path).status_code == HTTPStatus.OK
    assert prefixed.post(prefix + PREDICT, json=VALID).json == VALID
    assert prefixed.get(f"{prefix}/api/nowhere").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("prefix", ["", "/fraud"])
def test_documents_name_root_path(prefixed: FlaskClient, prefix: str) -> None:
    document = prefixed.get(f"{prefix}/api/swagger.json").json
    assert document is not None
    assert document["basePath"] == "/fraud/api"
    openapi = prefixed.get(f"{prefix}/api/openapi.json").json
    assert openapi is not None
    assert openapi["servers"] == [{"url": "/fraud/api"}]
    page = prefixed.get(f"{prefix}/api/").text
    assert 'url: "/fraud/api/swagger.json"' in page
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 3
    for asset in assets:
        assert asset.startswith("/fraud/api/")
        with prefixed.get(asset) as response:
            assert response.status_code == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/", "/api", "/fraud/", "/fraud/api"])
def test_redirects_to_the_page_name_root_path(prefixed: FlaskClient, path: str) -> None:
    response = prefixed.get(path)
    assert response.status_code == HTTPStatus.PERMANENT_REDIRECT
    assert response.headers["Location"] == "/fraud/api/"


@pytest.mark.parametrize("path", ["/fraudulent/api/liveness", "/fraud/fraud/api/liveness", "/fr"])
def test_a_path_that_only_looks_like_one_below_root_path_is_unknown(
    prefixed: FlaskClient, path: str
) -> None:
    assert prefixed.get(path).status_code == HTTPStatus.NOT_FOUND
