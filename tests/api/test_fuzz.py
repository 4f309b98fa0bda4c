"""The service from outside: schemathesis sends what its Swagger document allows, and the rest.

Nothing may be answered by a server error, by an undocumented code, or by a body or a header
that its own schema does not allow; valid requests are accepted, and invalid ones refused.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
FAULTY = """
    def sample():
        return {"count": 1}

    def run(input_data):
        if input_data["count"] < 0:
            raise ValueError(input_data["count"])
        return 1
"""
BROKEN = """
    def run(input_data):
        return 1

    def init():
        raise OSError("the model is gone")
"""


def fuzz(server: Server, folder: Path, *options: str, examples: int) -> dict[str, Any]:
    """Fuzz every operation with `examples` requests, the same in every run; return the report."""
    report = folder / "report.json"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/api/swagger.json"),
        *("--phases", "examples,coverage,fuzzing"),  # no links, so no stateful phase
        *("--checks", "all", "--continue-on-failure", "--warnings", "off", "--no-color"),
        *("--seed", "1", "--max-examples", str(examples), "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(report)),
        *options,
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks"}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    print(done.stdout)  # noqa: T201 - pytest shows it with a failure: each comes with its curl
    assert found["operations"]["tested"] == 3
    assert found["errors"] == []
    return found


@pytest.mark.parametrize("source", [ECHO, NESTED, ANY], ids=["six types", "nested", "any object"])
def test_no_request_gets_an_answer_that_the_document_does_not_allow(
    tmp_path: Path, source: str
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path) as server:
        found = fuzz(server, tmp_path, examples=250)
        assert found["failures"] == []
        assert found["test_cases"]["generated"] > 250
        assert server.is_ready()


def test_masked_answers_are_documented_too(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, RESTX_MASK_SWAGGER="on") as server:
        # A mask has a grammar that the document cannot tell: not every text is accepted.
        found = fuzz(server, tmp_path, "--exclude-checks", "positive_data_acceptance", examples=50)
        assert found["failures"] == []


def test_a_model_that_is_not_ready_answers_as_documented(tmp_path: Path) -> None:
    write_module(tmp_path, BROKEN)
    with serving(tmp_path, wait=False, MULTITHREADED_INIT="off", INIT_RETRIES="0") as server:
        eventually(lambda: server.get("/api/liveness").ok)
        # 503 is what is expected here, and a server error to that check.
        found = fuzz(server, tmp_path, "--exclude-checks", "not_a_server_error", examples=50)
        assert found["failures"] == []


def test_fuzzing_finds_a_model_that_fails_for_some_values(tmp_path: Path) -> None:
    write_module(tmp_path, FAULTY)
    with serving(tmp_path) as server:
        found = fuzz(server, tmp_path, "--no-shrink", examples=20)
        assert [failure["type"] for failure in found["failures"]] == ["ServerError"]
