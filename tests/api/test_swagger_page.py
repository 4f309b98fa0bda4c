"""The Swagger page and the CSRF protection, in Chromium."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import PREDICTION, another_site, execute, skip_without_chromium, visit
from tests.helpers import ECHO, PREDICT, VALID, Server, eventually, serving, write_module

pytestmark = pytest.mark.browser

skip_without_chromium()

RECORDING = (
    ECHO
    + """
    from pathlib import Path

    echo = run

    def run(input_data):
        with (Path(__file__).parent / "runs").open("a") as file:
            file.write("run\\n")
        return echo(input_data)
"""
)
PLAIN = {"rate": 1e-7, "note": None}
OPERATIONS = [
    "#operations-health-get_health_liveness",
    "#operations-health-get_health_readiness",
    "#operations-model-get_model",
    PREDICTION,
    "#operations-model-post_model_predict_batch",
]
FETCH = "([url, options]) => fetch(url, options).then(() => 'sent', () => 'failed')"
# A form can post JSON: its text is the name and the value of its field, joined by "=".
SUBMIT_FORM = """([url, body]) => {
    const form = document.createElement("form");
    Object.assign(form, {method: "post", action: url, enctype: "text/plain"});
    const field = document.createElement("input");
    [field.name, field.value] = [body.slice(0, -1) + ', "": "', '"}'];
    form.append(field);
    document.body.append(form);
    form.submit();
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    write_module(folder, RECORDING)
    with serving(folder, ACCESS_LOG="all") as server:
        yield server


@pytest.fixture(scope="module")
def unprotected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("unprotected")
    write_module(folder, RECORDING)
    with serving(folder, ACCESS_LOG="all", WTF_CSRF_ENABLED="off") as server:
        yield server


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("plain")
    write_module(folder, f"def sample(): return {PLAIN}\ndef run(input_data): return input_data\n")
    with serving(folder) as server:
        yield server


@pytest.fixture(scope="module")
def other_port() -> Iterator[int]:
    with another_site() as port:
        yield port


@contextlib.contextmanager
def swagger_page(browser: Browser, folder: Path, **settings: Any) -> Iterator[Page]:
    write_module(folder, ECHO)
    with serving(folder, **settings) as server, visit(browser, f"{server.url}/api/") as visited:
        expect(visited.page.locator("#operations-tag-model")).to_be_visible()
        yield visited.page
        assert visited.problems == []


def calls_of_run(server: Server) -> int:
    file = server.log_file.parent / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def logged_predictions(server: Server, status: int) -> int:
    return server.log.count(f"POST {PREDICT} {status} ")


def test_the_page_renders_without_errors_or_requests_to_other_hosts(
    browser: Browser, server: Server
) -> None:
    with visit(browser, f"{server.url}/api/") as visited:
        expect(visited.page.locator(".info .title")).to_contain_text("ml_trained_model")
        for operation in OPERATIONS:
            expect(visited.page.locator(operation)).to_be_visible()
        expect(visited.page.locator(".errors-wrapper")).to_have_count(0)
        visited.page.wait_for_load_state("networkidle")
        assert visited.problems == []
        assert visited.hosts == {f"127.0.0.1:{server.port}"}


# Chromium sends Sec-Fetch-Site only to loopback addresses and over TLS; otherwise only Origin.
@pytest.mark.parametrize("host", ["127.0.0.1", "service.test"])
def test_execute_posts_the_sample_and_shows_the_prediction(
    browser: Browser, server: Server, host: str
) -> None:
    before = calls_of_run(server)
    with visit(browser, f"http://{host}:{server.port}/api/") as visited:
        visited.page.locator(f"{PREDICTION} .opblock-summary").click()
        body = visited.page.locator(f"{PREDICTION} textarea").input_value()
        assert json.loads(body) == VALID
        status, prediction = execute(visited.page)
        assert (status, json.loads(prediction)) == ("200", VALID)
        assert visited.problems == []
    assert calls_of_run(server) == before + 1


def test_small_numbers_and_null_of_the_sample_can_be_posted_unchanged(
    browser: Browser, plain: Server
) -> None:
    with visit(browser, f"{plain.url}/api/") as visited:
        visited.page.locator(f"{PREDICTION} .opblock-summary").click()
        status, prediction = execute(visited.page)
    assert (status, json.loads(prediction)) == ("200", PLAIN)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ('{"rate": "a"}', {"errors": {"rate": "'a' is not of type 'number'"}}),
        ("", {"errors": {"rate": "'rate' is a required property"}}),
        ('{"rate": 0.', {}),
    ],
)
def test_the_page_shows_the_errors_of_an_edited_body(
    browser: Browser, plain: Server, body: str, errors: dict[str, object]
) -> None:
    with visit(browser, f"{plain.url}/api/") as visited:
        visited.page.locator(f"{PREDICTION} .opblock-summary").click()
        visited.page.locator(f"{PREDICTION} textarea").fill(body)
        status, response = execute(visited.page)
    assert status == "400"
    content = json.loads(response)
    assert content.pop("message")
    assert content == errors


def test_without_json_editor_the_body_is_editable_after_a_click(
    browser: Browser, tmp_path: Path
) -> None:
    off = {"SWAGGER_UI_JSONEDITOR": "off", "SWAGGER_UI_DOC_EXPANSION": "full"}
    with swagger_page(browser, tmp_path, **off) as page:
        expect(page.locator(f"{PREDICTION} .try-out__btn")).to_be_visible()
        expect(page.locator("textarea, .execute")).to_have_count(0)
        page.locator(f"{PREDICTION} .try-out__btn").click()
        expect(page.locator(f"{PREDICTION} textarea")).to_be_visible()
        assert execute(page)[0] == "200"


def test_expansion_none_shows_no_operation(browser: Browser, tmp_path: Path) -> None:
    with swagger_page(browser, tmp_path, SWAGGER_UI_DOC_EXPANSION="none") as page:
        expect(page.locator(".opblock:visible")).to_have_count(0)
        page.locator("#operations-tag-model").click()
        expect(page.locator(PREDICTION)).to_be_visible()


def test_expansion_list_shows_collapsed_operations(browser: Browser, tmp_path: Path) -> None:
    with swagger_page(browser, tmp_path, SWAGGER_UI_DOC_EXPANSION="list") as page:
        expect(page.locator(".opblock:visible")).to_have_count(len(OPERATIONS))
        expect(page.locator(".opblock-body:visible")).to_have_count(0)


def test_expansion_full_shows_expanded_operations(browser: Browser, tmp_path: Path) -> None:
    with swagger_page(browser, tmp_path, SWAGGER_UI_DOC_EXPANSION="full") as page:
        expect(page.locator(".opblock-body:visible")).to_have_count(len(OPERATIONS))
        expect(page.locator(f"{PREDICTION} textarea")).to_be_visible()


# Another site; another origin of the same site; another site without Sec-Fetch-Site.
@pytest.mark.parametrize(
    ("host", "other_host"),
    [("127.0.0.1", "localhost"), ("127.0.0.1", "127.0.0.1"), ("service.test", "another.test")],
)
def test_a_cross_site_request_is_a_400_without_a_prediction(
    browser: Browser, server: Server, other_port: int, host: str, other_host: str
) -> None:
    url = f"http://{host}:{server.port}{PREDICT}"
    body = json.dumps(VALID)
    calls, rejected = calls_of_run(server), logged_predictions(server, 400)
    with visit(browser, f"http://{other_host}:{other_port}/") as visited:
        for mode in ("no-cors", "cors"):
            options = {"method": "POST", "mode": mode, "body": body, "credentials": "include"}
            assert visited.page.evaluate(FETCH, [url, options]) == "failed"
        with visited.page.expect_response(url) as response:
            visited.page.evaluate(SUBMIT_FORM, [url, body])
    assert response.value.status == 400
    eventually(lambda: logged_predictions(server, 400) == rejected + 3)
    assert calls_of_run(server) == calls


def test_without_csrf_protection_other_sites_still_cannot_send_json(
    browser: Browser, unprotected: Server, other_port: int
) -> None:
    calls, url, body = calls_of_run(unprotected), unprotected.url + PREDICT, json.dumps(VALID)
    options = {"method": "POST", "body": body, "headers": {"Content-Type": "application/json"}}
    with visit(browser, f"http://localhost:{other_port}/") as visited:
        assert visited.page.evaluate(FETCH, [url, options]) == "failed"
        eventually(lambda: f"OPTIONS {PREDICT} 200 " in unprotected.log)
        with visited.page.expect_response(url) as response:
            visited.page.evaluate(SUBMIT_FORM, [url, body])
    assert response.value.status == 415
    assert calls_of_run(unprotected) == calls
