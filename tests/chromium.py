"""Headless Chromium: the installed one, nothing is downloaded."""

import contextlib
import dataclasses
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

PREDICTION = "#operations-model-post_model_predict"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "Chromium is not installed; on Debian: apt-get install chromium"

# Chromium sends no requests of its own, and *.test resolves to this machine. Chromium does not
# count these names as loopback addresses, so it treats them like any site without TLS.
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]


def find_chromium() -> str | None:
    """Return the path of Chromium; the environment variable CHROMIUM overrides the search."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)


def skip_without_chromium() -> None:
    """Skip the calling module where Chromium is not installed, except in CI."""
    if find_chromium() is None and os.environ.get("CI", "").lower() not in ("true", "1"):
        pytest.skip(f"Browser tests skipped: {MISSING}", allow_module_level=True)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium with a new profile; without its sandbox, because it opens our pages only.

    Raises:
        FileNotFoundError: Chromium is not installed.

    """
    path = find_chromium()
    if path is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@dataclasses.dataclass
class Visit:
    """A page, with its errors, console messages and failed requests, and the hosts it contacted."""

    page: Page
    problems: list[str] = dataclasses.field(default_factory=list)
    hosts: set[str] = dataclasses.field(default_factory=set)

    def __post_init__(self) -> None:
        """Subscribe to the page's events."""
        add = self.problems.append
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: add(f"exception: {error}"))
        self.page.on("console", lambda message: add(f"console {message.type}: {message.text}"))
        self.page.on("requestfailed", lambda request: add(f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))


@contextlib.contextmanager
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Open a page in a new context: without cookies or a cache."""
    with browser.new_context() as context:
        visited = Visit(context.new_page())
        visited.page.goto(url)
        yield visited


def execute(page: Page) -> tuple[str, str]:
    """Press Execute on the Swagger page; return the status and the body that it shows."""
    page.locator(f"{PREDICTION} .execute").click()
    response = page.locator(f"{PREDICTION} .live-responses-table tbody")
    status = response.locator(".response-col_status").inner_text()
    return status.strip(), response.locator("pre.microlight").first.inner_text()


class _EmptyPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>another site</title>")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextlib.contextmanager
def another_site() -> Iterator[int]:
    """Serve a page that is not part of the service, on any host name; yield its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()
