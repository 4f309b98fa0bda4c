"""The code samples of the README work."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import requests
from sklearn.linear_model import LogisticRegression

from app import __version__
from app.server import connection, listener
from app.server.server import _KEEP_ALIVE_SECONDS
from tests.helpers import PREDICT, ROOT, Server, make_client, serving, write_module

README = (ROOT / "README.md").read_text(encoding="utf-8")
CALLS = re.findall(r"^    (curl (?:.+\n)+)\n    (\{.*\})\n", README, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The example model, served as `make run` does."""
    folder = tmp_path_factory.mktemp("model")
    for name in ("ml_trained_model.py", "ml_trained_model.joblib"):
        shutil.copy(ROOT / "model" / name, folder)
    with serving(folder) as server:
        yield server


def test_all_calls_have_their_response_beside_them() -> None:
    assert len(CALLS) == README.count("    curl ") > 3


@pytest.mark.parametrize(("command", "response"), CALLS)
def test_each_call_returns_the_response_in_the_readme(
    server: Server, command: str, response: str
) -> None:
    _, url, _, header, _, body = shlex.split(command)
    headers = dict([header.split(": ")])
    path = url.removeprefix("http://localhost:8888")
    found = requests.post(server.url + path, body.encode(), headers=headers, timeout=30)
    assert is_close(found.json(), json.loads(response)), found.text


def is_close(found: Any, expected: Any) -> bool:
    """Return whether two JSON values differ in numbers alone, by less than 1, as models do."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            is_close(found[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(is_close, found, expected))
    if isinstance(expected, float):
        return bool(abs(found - expected) < 1)
    return bool(found == expected)


def test_the_requests_of_other_protocols_are_served(server: Server) -> None:
    (table,) = re.findall(r"\| protocol \| requests \|\n.*\n((?:\|.*\n)+)", README)
    verb, statuses = "", {}
    for token in re.findall(r"`((?:(?:GET|POST) )?/(?!versions)[\w/:]+)`", table):
        *new_verb, path = token.split()
        verb = new_verb[0] if new_verb else verb
        named = path.replace("NAME", "ml_trained_model").replace("VERSION", "1")
        url = server.url + named
        statuses[f"{verb} {path}"] = requests.request(verb, url, json={}, timeout=30).status_code
    assert len(statuses) > 10
    wrong = {key for key, code in statuses.items() if code != (200 if key[0] == "G" else 400)}
    assert {key: statuses[key] for key in wrong} == {}


def test_the_sagemaker_image_starts_with_the_argument_serve(tmp_path: Path) -> None:
    block = re.search(r"```dockerfile\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    lines = dict(line.split(maxsplit=1) for line in block[1].splitlines())
    assert lines["FROM"] == f"ml-rest-api:{__version__}"
    environ: dict[str, Any] = dict(pair.split("=") for pair in lines["ENV"].split())
    assert {environ.pop("FLASK_PORT"), environ.pop("MODEL_DIR")} == {"8080", "/opt/ml/model"}
    write_module(tmp_path, "def run(row): return row", "fraud")
    entrypoint = json.loads(lines["ENTRYPOINT"])
    with serving(tmp_path, command=("-m", *entrypoint, "serve"), **environ) as server:
        assert server.get("/ping").status_code == 200
        body = {"instances": [{"a": 1}]}
        found = requests.post(f"{server.url}/invocations", json=body, timeout=30)
        assert found.json() == {"predictions": [{"a": 1}]}


def test_the_example_module_predicts_unchanged(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    amounts = np.array([[1.0], [2.0], [1000.0], [2000.0]])
    joblib.dump(LogisticRegression().fit(amounts, [0, 0, 1, 1]), tmp_path / "fraud.joblib")
    (tmp_path / "fraud.py").write_text(block[1])
    client = make_client(tmp_path, "", TRAINED_MODEL_MODULE_NAME="fraud")
    row = {"amount": 1500, "country": "NL", "at": "2025-06-05T17:30:00Z"}
    response = client.post(PREDICT, json=row).json
    assert response is not None
    assert response["fraud"] > 0.5
    invalid = client.post(PREDICT, json={**row, "country": 1}).json
    assert invalid is not None
    assert invalid["errors"] == {"country": "1 is not of type 'string'"}


def test_the_limits_of_connections_are_those_of_the_server() -> None:
    rate = f"1 s for each {connection._BYTES_PER_SECOND // 1024} KiB"
    limits = {
        "time to send the body": f"{connection._BODY_SECONDS:g} s, and {rate} received",
        "time to read the response": f"{connection._RESPONSE_SECONDS:g} s, and {rate}",
        "time between two requests of a connection": f"{_KEEP_ALIVE_SECONDS:g} s",
        "open connections of a process": f"{listener._CONNECTIONS:,}".replace(",", " "),
    }
    assert [row for row in limits.items() if "| {} | {}".format(*row) not in README] == []
