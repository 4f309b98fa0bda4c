"""A model file alone: trained with a DataFrame, installed without a line of Python."""

import base64
import io
from pathlib import Path

import joblib
import pandas as pd
import pytest

from e2e.cluster import Namespace
from e2e.test_model_sources import fetch_options
from e2e.toolbox import Toolbox
from tests.bare.trained import PAYMENT, answer_of, fraud_pipeline

PIPELINE = fraud_pipeline()


@pytest.fixture(scope="module")
def content() -> bytes:
    """What `joblib.dump` writes at the end of a notebook."""
    file = io.BytesIO()
    joblib.dump(PIPELINE, file)
    return file.getvalue()


def predicts(namespace: Namespace, toolbox: Toolbox) -> None:
    url = namespace.url("fraud")
    response = toolbox.predict(url, PAYMENT)
    assert response.status == 200, response.json
    expected = answer_of(PIPELINE, pd.DataFrame([PAYMENT]))
    assert response.json["prediction"] == expected["prediction"]
    assert response.json["probabilities"] == pytest.approx(expected["probabilities"])
    model = toolbox.get(f"{url}/api/model").json
    assert (model["name"], list(model["files"])) == ("fraud", ["fraud.joblib"])


def test_a_model_file_is_downloaded_and_served(
    namespace: Namespace, toolbox: Toolbox, content: bytes
) -> None:
    toolbox.serve("fraud.joblib", content)
    namespace.install("fraud", *fetch_options(toolbox.address("fraud.joblib"), content))
    predicts(namespace, toolbox)

    response = toolbox.predict(namespace.url("fraud"), {**PAYMENT, "country": "XX"})
    assert response.status == 400
    assert response.json["errors"] == {"country": "'XX' is not one of ['BE', 'DE', 'NL']"}


def test_a_model_file_in_the_values_is_served(
    namespace: Namespace, toolbox: Toolbox, content: bytes, tmp_path: Path
) -> None:
    encoded = tmp_path / "fraud.joblib.base64"
    encoded.write_bytes(base64.b64encode(content))
    namespace.install("fraud", "--set-file", f"model.binaryFiles.fraud\\.joblib={encoded}")
    predicts(namespace, toolbox)
    assert '"prediction"' in namespace.helm("test", "fraud", "--logs")
