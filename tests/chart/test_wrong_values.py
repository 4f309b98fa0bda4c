"""Invalid values fail with a message that names them, even if Helm skips the schema."""

import shutil
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import SettingError
from tests.chart.rendering import CHART, Object, container, load, render_error

MODULE = "def run(row): ..."
SHA256 = "ab" * 32
INIT = {"image": "fraud:1"}
KEDA = {"enabled": True, "serverAddress": "http://prometheus:9090"}
KEDA_CPU = {"enabled": True, "triggers": [{"type": "cpu", "metadata": {"value": "80"}}]}

# The names that the error message must contain, and the values.
REJECTED_BY_SCHEMA: list[tuple[list[str], Object]] = [
    (["replicas"], {"replicas": 2}),
    (["LOG_LEVLE"], {"settings": {"LOG_LEVLE": "INFO"}}),
    (["LOG_LEVEL"], {"settings": {"LOG_LEVEL": "LOUD"}}),
    (["FLASK_DEBUG"], {"settings": {"FLASK_DEBUG": "maybe"}}),
    (["FLASK_DEBUG"], {"settings": {"FLASK_DEBUG": 2}}),
    (["FLASK_PORT"], {"settings": {"FLASK_PORT": "http"}}),
    (["VERSION_CHECK"], {"settings": {"VERSION_CHECK": True}}),
    (["FLASK_PORT"], {"settings": {"FLASK_PORT": 70000}}),
    (["WORKERS"], {"settings": {"WORKERS": 1.5}}),
    (["replicaCount"], {"replicaCount": -1}),
    (["tag"], {"image": {"tag": ["a"]}}),
    (["digest"], {"image": {"digest": "sha256:00"}}),
    (["pullPolicy"], {"image": {"pullPolicy": "Sometimes"}}),
    (["source"], {"model": {"source": "configmap"}}),
    (["modul"], {"model": {"modul": MODULE}}),
    (["sizeLimit"], {"model": {"sizeLimit": "2 GB"}}),
    (["loadTimeoutSeconds"], {"model": {"loadTimeoutSeconds": 0}}),
    (["extraEnv"], {"extraEnv": [{"value": "x"}]}),
    (["type"], {"service": {"type": "ExternalName"}}),
    (["port"], {"service": {"port": 0}}),
    (["hosts"], {"ingress": {"enabled": True, "hosts": ["a.example.com"]}}),
    (["path"], {"ingress": {"enabled": True, "hosts": [{"paths": [{"pathType": "Exact"}]}]}}),
    (["maxUnavailable"], {"podDisruptionBudget": {"maxUnavailable": "one"}}),
    (["interval"], {"serviceMonitor": {"interval": "soon"}}),
    (["podLabels"], {"podLabels": {"a": {}}}),
    (["strategy"], {"strategy": {"type": "Canary"}}),
    (["global", "imageRegistry"], {"global": {"imageRegistry": []}}),
]

# The same, for values that the templates reject.
REJECTED_BY_TEMPLATES: list[tuple[list[str], Object]] = [
    (["model.source", "configMap", "model.module"], {"model": {"source": "configMap"}}),
    (["model.source", "initContainer", "model.uri"], {"model": {"source": "initContainer"}}),
    (["model.source", "bucket"], {"model": {"source": "bucket"}}),
    (["model.module", "image"], {"model": {"source": "image", "module": MODULE}}),
    (["model.uri", "configMap"], {"model": {"module": MODULE, "uri": "/a", "sha256": SHA256}}),
    (["model.initContainer.image"], {"model": {"module": MODULE, "initContainer": INIT}}),
    (["model.initContainer.image"], {"model": {"source": "image", "initContainer": INIT}}),
    (["existingConfigMap", "module"], {"model": {"module": MODULE, "existingConfigMap": "a"}}),
    (["uri", "image"], {"model": {"uri": "/a", "sha256": SHA256, "initContainer": INIT}}),
    (["uri", "sha256"], {"model": {"uri": "https://a.example.com/b"}}),
    (["uri", "sha256"], {"model": {"uri": "/a", "sha256": "123"}}),
    (["model.sha256", "sha256sum"], {"model": {"sha256": "123", "initContainer": INIT}}),
    (["model.sha256", "sha256sum"], {"model": {"sha256": f"{SHA256}\n{SHA256}", "module": MODULE}}),
    (
        ["model.sha256", "settings.MODEL_CHECKSUMS"],
        {"model": {"sha256": SHA256}, "settings": {"MODEL_CHECKSUMS": SHA256}},
    ),
    (["command"], {"model": {"uri": "/a", "sha256": SHA256, "initContainer": {"command": ["a"]}}}),
    (["ml_trained_model.py", "model.module"], {"model": {"files": {"a.csv": "x"}}}),
    (
        ["fraud.py", "duplicate"],
        {
            "model": {"module": MODULE, "files": {"fraud.py": MODULE}},
            "settings": {"TRAINED_MODEL_MODULE_NAME": "fraud"},
        },
    ),
    (
        ["a.bin", "duplicate"],
        {"model": {"module": MODULE, "files": {"a.bin": ""}, "binaryFiles": {"a.bin": ""}}},
    ),
    (["a/b.txt", "files"], {"model": {"module": MODULE, "files": {"a/b.txt": "x"}}}),
    (["..data", "files"], {"model": {"module": MODULE, "files": {"..data": "x"}}}),
    (["a.bin", "base64"], {"model": {"module": MODULE, "binaryFiles": {"a.bin": "no base64!"}}}),
    (["a.bin", "base64"], {"model": {"module": MODULE, "binaryFiles": {"a.bin": "AAA"}}}),
    (
        ["my model.py", "TRAINED_MODEL_MODULE_NAME"],
        {"model": {"module": MODULE}, "settings": {"TRAINED_MODEL_MODULE_NAME": "my model"}},
    ),
    (["service.nodePort"], {"service": {"nodePort": 30888}}),
    (
        ["check.enabled", "192 KiB"],
        {"check": {"enabled": True}, "model": {"module": "#" * 200_000}},
    ),
    (["service.spec", "type"], {"service": {"spec": {"type": "NodePort"}}}),
    (["service.spec", "ports"], {"service": {"spec": {"ports": []}}}),
    (
        ["resources.requests.memory (256Mi)", "resources.limits.memory (200Mi)"],
        {"resources": {"limits": {"memory": "200Mi"}}},
    ),
    (
        ["model.initContainer.resources.requests.cpu (2)", "limits.cpu (1500m)"],
        {
            "model": {
                "uri": "/a",
                "sha256": SHA256,
                "initContainer": {
                    "resources": {"requests": {"cpu": 2}, "limits": {"cpu": "1500m"}}
                },
            }
        },
    ),
    (["httpRoute.parentRefs"], {"httpRoute": {"enabled": True}}),
    (["minReplicas", "maxReplicas"], {"autoscaling": {"enabled": True, "minReplicas": 20}}),
    (
        ["autoscaling", "target"],
        {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": None}},
    ),
    (["fullnameOverride"], {"fullnameOverride": "Fraud"}),
    (["autoscaling.enabled", "keda.enabled"], {"autoscaling": {"enabled": True}, "keda": KEDA}),
    (["keda.serverAddress", "keda.triggers"], {"keda": {"enabled": True}}),
    (["keda.query", "keda.serverAddress"], {"keda": {**KEDA_CPU, "query": "up"}}),
    (["keda.minReplicas (20)", "keda.maxReplicas (10)"], {"keda": {**KEDA, "minReplicas": 20}}),
    (["keda.idleReplicas (2)", "keda.minReplicas (2)"], {"keda": {**KEDA, "idleReplicas": 2}}),
    (
        ["keda.idleReplicas (0)", "keda.minReplicas (0)"],
        {"keda": {**KEDA, "minReplicas": 0, "idleReplicas": 0}},
    ),
    *(
        (["keda.minReplicas", "keda.query", "keda.triggers"], {"keda": keda})
        for keda in (
            *({**KEDA, "minReplicas": 0}, {**KEDA, "idleReplicas": 0}),
            {**KEDA_CPU, "minReplicas": 0},
        )
    ),
    (["keda.query", "service.enabled"], {"keda": KEDA, "service": {"enabled": False}}),
    *(
        (
            [f"{name}.enabled", "service.enabled", "extraObjects"],
            {name: {"enabled": True, **more}, "service": {"enabled": False}},
        )
        for name, more in {
            "ingress": {},
            "serviceMonitor": {},
            "httpRoute": {"parentRefs": [{"name": "public"}]},
        }.items()
    ),
    *(
        (
            ["metrics.port", "settings.METRICS_PORT (9090)"],
            {"metrics": {"port": port}, "settings": {"METRICS_PORT": 9090}},
        )
        for port in (9091, 0)
    ),
    (["metrics.port", "settings.FLASK_PORT"], {"metrics": {"port": 8888}}),
    (["metrics.port", "settings.FLASK_PORT"], {"settings": {"METRICS_PORT": 8888}}),
    (["metrics.port", "service.port"], {"metrics": {"port": 80}, "service": {"port": 80}}),
    (["extraEnv", "METRICS_PORT"], {"extraEnv": [{"name": "METRICS_PORT", "value": "1"}]}),
    *(
        (["settings.ROOT_PATH", "none of the service's own"], {"settings": {"ROOT_PATH": path}})
        for path in (
            *("/a b", "/a?b", "/a#b", "/a%20b", "/a//b", "//a", "/a/../b", "/api", "api/"),
            *("/api/model", "/v1", "v2/models/a/", "/invocations", "/ping", "/version", "/metrics"),
        )
    ),
    *(
        (["settings.PROTOCOLS", "v1, v2, invocations"], {"settings": {"PROTOCOLS": text}})
        for text in ("v3", "v1 v2", "v1,V 2", True)
    ),
    *(
        (["settings.MODEL_NAME", "100 characters"], {"settings": {"MODEL_NAME": name}})
        for name in ("a/b", "fraud:2", "..", "a\nb", "a\\b", "a" * 101)
    ),
]


# Settings whose form both the templates and the program check.
CHECKED_TWICE = [
    (name, text)
    for name, texts in {
        "ROOT_PATH": (
            *("", "/", "/a", "a/", "/a-b/c.d", "/a,b", "/a b", "/a?", "/é", "//a", "/a//", "/./a"),
            *("/api", "/apis", "/api/model/", "/api/models", "/v1", "/v1/a", "/v10", "/health/a"),
        ),
        "PROTOCOLS": ("", ",", " V1 , v2,", "v1,v1", "invocations", "v3", "v1;v2", "v 1"),
        "MODEL_NAME": ("", "a b", "é" * 100, "...", "a$(B)", ".", "..", " .. ", "a:b", "a#", "a%"),
    }.items()
    for text in texts
]


@pytest.fixture(scope="module")
def without_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the chart without its schema, as with `--skip-schema-validation`."""
    path = tmp_path_factory.mktemp("chart") / "ml-rest-api"
    shutil.copytree(CHART, path)
    (path / "values.schema.json").unlink()
    assert load(path).schema is None
    return path


@pytest.mark.parametrize(("names", "values"), REJECTED_BY_SCHEMA, ids=lambda each: str(each)[:60])
def test_schema_errors_name_the_invalid_values(names: list[str], values: Object) -> None:
    message = render_error(values)
    assert [name for name in names if name not in message] == []


@pytest.mark.parametrize(
    ("names", "values"), REJECTED_BY_TEMPLATES, ids=lambda each: str(each)[:60]
)
def test_template_errors_name_the_invalid_values(
    names: list[str], values: Object, without_schema: Path
) -> None:
    message = render_error(values, path=without_schema)
    assert [name for name in names if name not in message] == []
    render_error(values)


@pytest.mark.parametrize(("name", "text"), CHECKED_TWICE)
def test_templates_accept_what_the_program_accepts(name: str, text: str) -> None:
    try:
        Settings.from_environ({name: text})
    except SettingError:
        assert f"settings.{name}" in render_error({"settings": {name: text}})
    else:
        assert container({"settings": {name: text}})["name"]


def test_release_name_that_starts_with_a_digit_requires_fullname_override() -> None:
    assert "fullnameOverride" in render_error({}, name="1st")
