"""What the README shows is so."""

import json
import re
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

from app.config.settings import Settings
from app.factory import create_app
from tests.helpers import PREDICT, ROOT, make_client

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_call_of_the_example_is_answered_as_shown() -> None:
    call = re.search(r"-d '(\{.*?\})'\n\n    (\{[^\n]*\})", README, flags=re.DOTALL)
    assert call is not None
    settings = Settings(MODEL_DIR=str(ROOT / "model"), MULTITHREADED_INIT=False, INIT_RETRIES=0)
    app = create_app(settings)
    app.extensions["model"].start()
    client = app.test_client()
    answer = client.post(PREDICT, json=json.loads(call[1])).json
    shown = json.loads(call[2])
    assert answer is not None
    assert answer.keys() == shown.keys()
    assert abs(answer["bikes"] - shown["bikes"]) < 1  # other versions train another model


def test_the_module_of_ones_own_predicts_as_it_stands_there(tmp_path: Path) -> None:
    block = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert block is not None
    amounts = np.array([[1.0], [2.0], [1000.0], [2000.0]])
    joblib.dump(LogisticRegression().fit(amounts, [0, 0, 1, 1]), tmp_path / "fraud.joblib")
    (tmp_path / "fraud.py").write_text(block[1])
    client = make_client(tmp_path, "", TRAINED_MODEL_MODULE_NAME="fraud")
    row = {"amount": 1500, "country": "NL", "at": "2025-06-05T17:30:00Z"}
    answer = client.post(PREDICT, json=row).json
    assert answer is not None
    assert answer["fraud"] > 0.5
    refusal = client.post(PREDICT, json={**row, "country": 1}).json
    assert refusal is not None
    assert refusal["errors"] == {"country": "1 is not of type 'string'"}
