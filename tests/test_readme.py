"""The code samples of the README work."""

import json
import re
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from app.config.settings import Settings
from app.factory import create_app
from app.server import connection, listener, server
from tests.helpers import PREDICT, ROOT, make_client

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_call_returns_the_response_in_the_readme() -> None:
    call = re.search(r"-d '(\{.*?\})'\n\n    (\{[^\n]*\})", README, flags=re.DOTALL)
    assert call is not None
    settings = Settings(MODEL_DIR=str(ROOT / "model"), MULTITHREADED_INIT=False, INIT_RETRIES=0)
    app = create_app(settings)
    app.predictor.start()
    client = app.test_client()
    response = client.post(PREDICT, json=json.loads(call[1])).json
    expected = json.loads(call[2])
    assert response is not None
    assert response.keys() == expected.keys()
    assert abs(response["bikes"] - expected["bikes"]) < 1  # models differ between versions


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
        "time between two requests of a connection": f"{server._KEEP_ALIVE_SECONDS:g} s",
        "open connections of a process": f"{listener._CONNECTIONS:,}".replace(",", " "),
    }
    assert [row for row in limits.items() if "| {} | {}".format(*row) not in README] == []
