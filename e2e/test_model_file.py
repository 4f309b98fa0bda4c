"""A model file alone: trained with a DataFrame, installed without a line of Python."""

import io
import re
from pathlib import Path

import joblib
import pandas as pd
import pytest

from e2e.cluster import CHART, IMAGE, Namespace, run
from e2e.test_model_sources import fetch_options
from e2e.toolbox import Toolbox
from tests.bare.trained import PAYMENT, answer_of, fraud_pipeline
from tests.helpers import ROOT

PIPELINE = fraud_pipeline()
README = (ROOT / "README.md").read_text()


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


def test_the_three_commands_of_the_readme_lead_from_a_file_to_a_prediction(
    namespace: Namespace, toolbox: Toolbox, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "fraud.joblib").write_bytes(content)
    commands = re.search(r"(?m)^    base64 -w0 fraud\.joblib(?:.*\n)(?:    .*\n)+", README)
    assert commands
    tag = IMAGE.partition(":")[2]
    script = commands[0].replace("charts/ml-rest-api", f"{CHART} --set image.tag={tag}")
    environ = {**namespace.cluster.environ, "HELM_NAMESPACE": namespace.name}
    output = run("bash", "-ec", f"cd {tmp_path}\n{script}", environ=environ)
    assert '{"prediction": "' in output
    predicts(namespace, toolbox)
