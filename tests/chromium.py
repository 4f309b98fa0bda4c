"""A real, headless Chromium: the one that is on the machine, nothing is downloaded."""

import contextlib
import dataclasses
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = "no Chromium on this machine; on Debian: apt-get install chromium"

# Chromium asks for nothing on its own, and *.test is this machine: names that are no loopback
# address to the browser, so that it treats them like any site that is served without TLS.
_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP *.test 127.0.0.1",
]


def find_chromium() -> str | None:
    """Return the path of Chromium, which the environment variable CHROMIUM may name."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else _NAMES)), None)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium with a profile of its own; without its sandbox, as it opens our pages only.

    Raises:
        FileNotFoundError: there is none.

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
    """A page, with whatever went wrong on it and the hosts that it talked to."""

    page: Page
    complaints: list[str] = dataclasses.field(default_factory=list)
    hosts: set[str] = dataclasses.field(default_factory=set)

    def __post_init__(self) -> None:
        """Listen to the page."""
        add = self.complaints.append
        self.page.set_default_timeout(10_000)
        self.page.on("pageerror", lambda error: add(f"exception: {error}"))
        self.page.on("console", lambda said: add(f"console {said.type}: {said.text}"))
        self.page.on("requestfailed", lambda request: add(f"{request.url}: {request.failure}"))
        self.page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))


@contextlib.contextmanager
def visit(browser: Browser, url: str) -> Iterator[Visit]:
    """Open a page like somebody who has never been there: no cookies, nothing cached."""
    with browser.new_context() as context:
        seen = Visit(context.new_page())
        seen.page.goto(url)
        yield seen


class _EmptyPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!DOCTYPE html><title>another site</title>")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def another_site() -> Iterator[int]:
    """Serve a page that is not ours, under every name of this machine; yield its port."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield site.server_port
        finally:
            site.shutdown()
            thread.join()
