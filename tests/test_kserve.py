"""docs/kserve.yaml: the service as a model server of KServe.

KServe itself is not here: the test does what its controller does with the runtime's container.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import yaml

from app import __version__
from app.config.settings import Settings
from tests.chart.pod_security import violations
from tests.chart.rendering import env
from tests.chart.test_kubernetes import VERSIONS, schema_errors
from tests.helpers import ROOT, Server, serving, write_module

RUNTIME, INFERENCE_SERVICE = yaml.safe_load_all((ROOT / "docs" / "kserve.yaml").read_text())
NAME = INFERENCE_SERVICE["metadata"]["name"]
PROBES = ("livenessProbe", "readinessProbe")
DOUBLE = """
    def sample():
        return {"x": 1.5}

    def run(input_data):
        return input_data["x"] * 2
"""


def container() -> dict[str, Any]:
    """Return the container as KServe makes it for the InferenceService."""
    (found,) = RUNTIME["spec"]["containers"]
    replaced: dict[str, Any] = json.loads(json.dumps(found).replace("{{.Name}}", NAME))
    assert "{{" not in json.dumps(replaced)
    return replaced


def pod() -> dict[str, Any]:
    volumes = list(RUNTIME["spec"]["volumes"])
    spec = {"containers": [container()], "volumes": volumes}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": NAME}, "spec": spec}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with the container's environment, but for its port and the model's folder."""
    folder = tmp_path_factory.mktemp("models")
    write_module(folder, DOUBLE, "any_name")
    elsewhere = {"FLASK_PORT", "MODEL_DIR"}
    settings = {name: text for name, text in env(container()).items() if name not in elsewhere}
    with serving(folder, **settings) as server:
        yield server


def post(server: Server, path: str, body: Any) -> Any:
    response = requests.post(server.url + path, json=body, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_pod_is_valid_and_restricted(version: str) -> None:
    assert schema_errors(pod(), version) == []
    assert violations(pod()["spec"]) == []


def test_the_environment_has_settings_only_and_all_of_them_parse() -> None:
    environ = env(container())
    assert environ.keys() <= Settings.__dataclass_fields__.keys()
    settings = Settings.from_environ(environ)
    assert settings.MODEL_NAME == NAME
    assert settings.TRAINED_MODEL_MODULE_NAME == ""
    assert settings.EXIT_AFTER_FAILED_LOAD
    assert settings.GRACEFUL_TIMEOUT < 30  # the grace period of a pod of KServe


def test_all_ports_are_the_one_that_kserve_expects() -> None:
    found = container()
    ports = [port["containerPort"] for port in found["ports"]]
    ports += [found[probe]["httpGet"]["port"] for probe in PROBES]
    annotation = RUNTIME["spec"]["annotations"]["prometheus.kserve.io/port"]
    assert {*ports, int(annotation), int(env(found)["FLASK_PORT"])} == {8080}


def test_the_model_format_and_the_version_match() -> None:
    (supported,) = RUNTIME["spec"]["supportedModelFormats"]
    model = INFERENCE_SERVICE["spec"]["predictor"]["model"]
    assert supported["name"] == model["modelFormat"]["name"]
    assert container()["image"].endswith(f"/ml-rest-api:{__version__}")


def test_the_paths_of_probes_and_metrics_are_served(server: Server) -> None:
    paths = [container()[probe]["httpGet"]["path"] for probe in PROBES]
    paths.append(RUNTIME["spec"]["annotations"]["prometheus.kserve.io/path"])
    assert [server.get(path).status_code for path in paths] == [200, 200, 200]


def test_both_protocols_predict_under_the_name_of_the_inference_service(server: Server) -> None:
    assert RUNTIME["spec"]["protocolVersions"] == ["v1", "v2"]
    v1 = post(server, f"/v1/models/{NAME}:predict", {"instances": [{"x": 2.5}, {"x": 1}]})
    assert v1 == {"predictions": [5.0, 2.0]}
    tensor = {"name": "x", "shape": [2], "datatype": "FP64", "data": [2.5, 1]}
    v2 = post(server, f"/v2/models/{NAME}/infer", {"inputs": [tensor]})
    assert v2["model_name"] == NAME
    assert [output["data"] for output in v2["outputs"]] == [[5.0, 2.0]]
    for path in (f"/v1/models/{NAME}", "/v2/health/ready", f"/v2/models/{NAME}/ready"):
        assert server.get(path).status_code == 200


def test_protocols_that_kserve_has_no_use_for_are_off(server: Server) -> None:
    assert server.get("/ping").status_code == 404
