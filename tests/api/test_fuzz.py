"""Fuzzing: schemathesis sends requests that a document allows, and others.

No response may be a server error, have an undocumented status code, or have a body or a header
that violates its schema. Valid requests must be accepted and invalid ones rejected.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.documents import TYPED
from tests.helpers import ECHO, ROOT, Server, eventually, serving, write_module

NESTED = """
    def sample():
        return {
            "features": [1.5, 2.5], "matrix": [[1, 2], [3, 4]], "mixed": [1, "a", None],
            "customer": {"name": "Ann", "nick": None, "since": "2021-10-26T12:34:56Z"},
            "orders": [{"day": "2021-10-26", "open": True}],
            "anything": None,
        }

    def run(input_data):
        names = [input_data["customer"]["name"] for order in input_data["orders"]]
        return [sum(input_data["features"]), names, input_data]
"""
ANY = """
    def run(input_data):
        return input_data
"""
FAILING = """
    def sample():
        return {"count": 1}

    def run(input_data):
        if input_data["count"] < 0:
            raise ValueError(input_data["count"])
        return 1
"""
SWAGGER, OPENAPI = "swagger.json", "openapi.json"
BROKEN = """
    def run(input_data):
        return 1

    def init():
        raise OSError("no model")
"""


def fuzz(
    server: Server, folder: Path, document: str, *options: str, examples: int
) -> dict[str, Any]:
    """Fuzz every operation with `examples` requests, the same in each run; return the report."""
    file = folder / f"report-{document}"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/api/{document}"),
        *("--phases", "examples,coverage,fuzzing"),  # "stateful" would need links
        *("--checks", "all", "--continue-on-failure", "--warnings", "off", "--no-color"),
        *("--seed", "1", "--max-examples", str(examples), "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(file)),
        *options,
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert file.exists(), done.stdout + done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    print(done.stdout)  # noqa: T201 - pytest shows it with a failure; it has the curl commands
    assert report["operations"]["tested"] == 5
    assert report["errors"] == []
    return report


@pytest.mark.parametrize(
    ("source", "document"),
    [
        (ECHO, SWAGGER),
        (NESTED, OPENAPI),
        (ANY, SWAGGER),
        (TYPED.replace("int | str", "str"), SWAGGER),  # which has no unions
        (TYPED, OPENAPI),
    ],
    ids=["six types", "nested", "any object", "typed", "typed, with a union"],
)
def test_every_response_conforms_to_the_document(
    tmp_path: Path, source: str, document: str
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path) as server:
        report = fuzz(server, tmp_path, document, examples=100)
        assert report["failures"] == []
        assert report["test_cases"]["generated"] > 100
        assert server.is_ready()


def test_masked_responses_conform_to_the_document(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, RESTX_MASK_SWAGGER="on") as server:
        # The document cannot express the grammar of masks, so some valid texts are rejected, and
        # others leave out what its schema requires.
        options = ("--exclude-checks", "positive_data_acceptance,response_schema_conformance")
        report = fuzz(server, tmp_path, OPENAPI, *options, examples=50)
        assert report["failures"] == []


def test_responses_before_the_model_is_ready_conform_to_the_document(tmp_path: Path) -> None:
    write_module(tmp_path, BROKEN)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT="off", INIT_RETRIES="0") as server:
        eventually(lambda: server.get("/api/liveness").ok)
        # The expected 503 counts as a server error for that check.
        options = ("--exclude-checks", "not_a_server_error")
        report = fuzz(server, tmp_path, SWAGGER, *options, examples=50)
        assert report["failures"] == []


def test_fuzzing_finds_a_model_that_fails_for_some_values(tmp_path: Path) -> None:
    write_module(tmp_path, FAILING)
    with serving(tmp_path) as server:
        report = fuzz(server, tmp_path, OPENAPI, "--no-shrink", examples=20)
        assert [failure["type"] for failure in report["failures"]] == ["ServerError"]
