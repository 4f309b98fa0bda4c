"""Many rows in one request, and the protocols of other servers, through the Service."""

from pathlib import Path
from typing import Any

import pytest

from e2e.cluster import IMAGE, Namespace
from e2e.toolbox import Toolbox
from tests import test_kserve
from tests.helpers import write_module

ROW: dict[str, Any] = {
    "docks": 24,
    "temperature": 21.5,
    "holiday": False,
    "weather": "clear",
    "opened": "2023-04-01",
    "at": "2025-06-05T17:30:00Z",
}
ROWS = [ROW, ROW | {"weather": "rain"}]
DATATYPES = {int: "INT64", float: "FP64", bool: "BOOL", str: "BYTES"}
TENSORS = [
    {
        "name": name,
        "shape": [len(ROWS)],
        "datatype": DATATYPES[type(value)],
        "data": [row[name] for row in ROWS],
    }
    for name, value in ROW.items()
]
TABLE = {"columns": list(ROW), "data": [list(row.values()) for row in ROWS]}

BATCH = ("/api/model/predict_batch", {"rows": ROWS})
V1 = ("/v1/models/bikes:predict", {"instances": ROWS})
V2 = ("/v2/models/bikes/infer", {"inputs": TENSORS})
INVOCATIONS = ("/invocations", {"dataframe_split": TABLE})


@pytest.fixture(scope="module")
def url(shared_namespace: Namespace) -> str:
    """The URL of a release with the example model under a name of its own."""
    shared_namespace.install("demo", "--set", "settings.MODEL_NAME=bikes")
    return shared_namespace.url("demo")


@pytest.fixture(scope="module")
def predictions(url: str, toolbox: Toolbox) -> list[Any]:
    """The predictions of the rows, one request for each."""
    found = [toolbox.predict(url, row).json for row in ROWS]
    assert [prediction.keys() for prediction in found] == [{"bikes"}] * 2
    return found


@pytest.mark.parametrize(("path", "body"), [BATCH, V1, INVOCATIONS], ids=["batch", "v1", "mlflow"])
def test_many_rows_get_the_predictions_of_each(
    url: str, toolbox: Toolbox, predictions: list[Any], path: str, body: Any
) -> None:
    response = toolbox.post(url + path, body)
    assert (response.status, response.json) == (200, {"predictions": predictions})


def test_tensors_get_the_predictions_of_each(
    url: str, toolbox: Toolbox, predictions: list[Any]
) -> None:
    response = toolbox.post(url + V2[0], V2[1])
    assert response.status == 200
    assert response.json["model_name"] == "bikes"
    (output,) = response.json["outputs"]
    assert (output["name"], output["shape"]) == ("bikes", [2])
    assert output["data"] == [prediction["bikes"] for prediction in predictions]


def test_without_protocols_there_is_the_native_api_alone(
    namespace: Namespace, toolbox: Toolbox
) -> None:
    namespace.install("native", "--set", "settings.MODEL_NAME=bikes,settings.PROTOCOLS=")
    url = namespace.url("native")
    assert toolbox.post(url + BATCH[0], BATCH[1]).status == 200
    for path, body in (V1, V2, INVOCATIONS):
        response = toolbox.post(url + path, body)
        assert (response.status, response.json.keys()) == (404, {"message"})
    for path in ("/v1/models", "/v2", "/v2/health/ready", "/ping", "/health", "/version"):
        assert toolbox.get(url + path).status == 404


def test_the_pod_that_kserve_makes_predicts(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    write_module(tmp_path, test_kserve.DOUBLE, "any_name")
    namespace.kubectl("create", "configmap", "model", f"--from-file={tmp_path}")
    pod = test_kserve.pod()
    (container,) = pod["spec"]["containers"]
    container["image"] = IMAGE
    # Where KServe's storage initializer puts the files.
    pod["spec"]["volumes"].append({"name": "model", "configMap": {"name": "model"}})
    mount = {"name": "model", "mountPath": "/mnt/models", "readOnly": True}
    container["volumeMounts"].append(mount)
    namespace.apply(pod)
    namespace.kubectl("wait", "--for=condition=Ready", "pod/bikes", "--timeout=120s")
    address = namespace.get("pod", "bikes")["status"]["podIP"]
    url = f"http://{address}:8080/v1/models/bikes:predict"
    response = toolbox.post(url, {"instances": [{"x": 2.5}, {"x": 1}]})
    assert (response.status, response.json) == (200, {"predictions": [5.0, 2.0]})
