import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT

KNOWN = {"jinja2 2.4.1"}  # which the audit asks for first


@contextlib.contextmanager
def database(vulnerable: set[str], status: int = 200) -> Iterator[str]:
    """Serve a database with OSV's API, which knows a vulnerability of some packages or versions."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = query["package"]["name"]
            affected = [{"package": {"name": name, "ecosystem": "PyPI"}}]
            found = {"vulns": [{"id": "PYSEC-2026-1", "affected": affected}]}
            self.send_response(status)
            self.end_headers()
            known = vulnerable & {name, f"{name} {query['version']}"}
            self.wfile.write(json.dumps(found if known else {}).encode())

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


def audit(address: str, *files: Path | str) -> tuple[int, str]:
    command = [sys.executable, "-m", "scripts.audit", "--database", address, *map(str, files)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def test_no_known_vulnerability_is_a_success() -> None:
    with database(KNOWN) as address:
        code, output = audit(address)
    assert code == 0
    assert "No known vulnerabilities found\n" in output


@pytest.mark.parametrize("name", ["flask", "onnxruntime"])
def test_a_known_vulnerability_of_a_locked_package_is_a_failure(name: str) -> None:
    with database(KNOWN | {name}) as address:
        code, output = audit(address)
    assert code == 1
    assert "Found 1 known vulnerability in 1 package" in output
    assert "PYSEC-2026-1" in output


def test_a_database_that_cannot_be_reached_skips_the_audit() -> None:
    with database(KNOWN) as address:
        pass
    expected = "audit: SKIPPED, no vulnerability database can be reached (ConnectionError)\n"
    assert audit(address) == (0, expected)


@pytest.mark.parametrize(
    ("vulnerable", "status", "reason"),
    [(KNOWN, 500, "500 Server Error"), (set(), 200, "does not know a vulnerability of jinja2")],
)
def test_a_database_that_does_not_work_is_a_failure(
    vulnerable: set[str], status: int, reason: str
) -> None:
    with database(vulnerable, status) as address:
        code, output = audit(address)
    assert code == 1
    assert reason in output


def test_a_package_without_hash_is_a_failure(tmp_path: Path) -> None:
    unlocked = tmp_path / "requirements.txt"
    unlocked.write_text("flask==3.1.3\n")
    with database(KNOWN) as address:
        code, output = audit(address, unlocked)
    assert code == 1
    assert "hash" in output
