"""The service conforms to the OpenAPI documents of the Open Inference Protocol.

One comes with MLServer. That of the specification is in a Git repository only, so its test is
skipped where that cannot be reached.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.clients.running import ENVIRONMENTS, FLOWER_NAMES, FLOWERS, environment
from tests.helpers import Server

SPECIFICATION = (
    "https://raw.githubusercontent.com/kserve/open-inference-protocol/"
    "d49cc23f89d709d87b210ef9449e273ae243984e/specification/protocol/open_inference_rest.yaml"
)
SHA256 = "719644d1cec52d1c98268ee16f3b75d6de7f523c6686463cbf06bf79134edbb2"
REQUEST = {
    "id": "42",
    "parameters": {"content_type": "pd"},
    "inputs": [
        {"name": name, "shape": [len(FLOWERS)], "datatype": "FP64", "data": list(column)}
        for name, column in zip(FLOWER_NAMES, zip(*FLOWERS, strict=True), strict=True)
    ],
    "outputs": [{"name": "predict"}],
}


def of_mlserver() -> str:
    """Return MLServer's document."""
    if sys.version_info >= (3, 13):
        pytest.skip("MLServer needs Python 3.12 or older")
    (file,) = environment("mlserver").parents[1].rglob("mlserver/rest/openapi/dataplane.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    document["components"]["schemas"]["TensorData"] = {"type": "array"}  # JSON has no "bytes"
    for path in list(document["paths"]):
        if path.endswith(("_stream", "/generate")):  # not in the protocol
            del document["paths"][path]
    return json.dumps(document)


def of_specification() -> str:
    """Return the specification's document."""
    file = ENVIRONMENTS / "open_inference_rest.yaml"
    if not file.exists():
        try:
            response = requests.get(SPECIFICATION, timeout=15)
        except requests.RequestException as error:
            pytest.skip(f"{SPECIFICATION} cannot be reached: {type(error).__name__}")
        assert response.ok, response.status_code
        file.write_bytes(response.content)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256
    return file.read_text(encoding="utf-8").replace("${", "{")


@pytest.mark.parametrize(("read", "operations"), [(of_mlserver, 9), (of_specification, 6)])
def test_every_response_conforms_to_the_document(
    iris: Server, tmp_path: Path, read: Callable[[], str], operations: int
) -> None:
    document = yaml.safe_load(with_model(read(), "iris", "3"))
    prepare(document)
    posts = sum("post" in path for path in document["paths"].values())
    file = tmp_path / "document.json"
    file.write_text(json.dumps(document))
    assert fuzz(iris, file, "--phases", "examples")["test_cases"]["generated"] == posts
    # The schemas allow tensors of any name.
    options = ("--phases", "coverage,fuzzing", "--exclude-checks", "positive_data_acceptance")
    report = fuzz(iris, file, *options)
    assert report["operations"]["tested"] == operations
    assert report["test_cases"]["generated"] > 100


def with_model(text: str, name: str, version: str) -> str:
    """Return a document's text with the name and the version of a model in its paths."""
    for variable, value in (("model_name", name), ("model_version", version)):
        text = text.replace(f"{{{variable}}}", value).replace(f"{{{variable.upper()}}}", value)
    return text


def prepare(document: dict[str, Any]) -> None:
    """Add an example of a request to a document, and what the service accepts besides."""
    for path in document["paths"].values():
        path.pop("parameters", None)
        if "post" in path:
            path["post"]["requestBody"]["content"]["application/json"]["example"] = REQUEST
    schemas = {name.lower(): schema for name, schema in document["components"]["schemas"].items()}
    schemas["parameters"].clear()  # they are not read
    request = schemas.get("inferencerequest") or schemas["inference_request"]
    for name in ("id", "outputs"):  # some clients send null for what is left out
        request["properties"][name]["nullable"] = True


def fuzz(server: Server, document: Path, *options: str) -> dict[str, Any]:
    """Send what the document allows, and what it does not; return the report."""
    file = document.with_suffix(".report.json")
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", server.url),
        *("--checks", "all", "--continue-on-failure", "--warnings", "off", "--no-color"),
        *("--seed", "1", "--max-examples", "50", "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(file)),
        *options,
    ]
    done = subprocess.run(
        command, cwd=document.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert file.exists(), done.stdout + done.stderr
    report: dict[str, Any] = json.loads(file.read_text())
    assert report["errors"] == []
    assert report["failures"] == [], done.stdout
    return report
