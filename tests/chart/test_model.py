"""The sources of the model."""

import pytest

from tests.chart.rendering import Object, container, env, of_kind, pod, render, volume

MODULE = "def run(row):\n    return 1\n"
SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("model", "source"),
    [
        ({}, "image"),
        ({"module": MODULE}, "configMap"),
        ({"files": {"ml_trained_model.py": MODULE}}, "configMap"),
        ({"existingConfigMap": "fraud"}, "configMap"),
        ({"uri": "/data/fraud.zip", "sha256": SHA256}, "initContainer"),
        ({"initContainer": {"image": "fraud:1"}}, "initContainer"),
    ],
)
def test_values_select_the_model_source(model: Object, source: str) -> None:
    assert render({"model": model}) == render({"model": {**model, "source": source}})
    kind = "configMap" if "existingConfigMap" in model else "emptyDir"
    found = volume("model", {"model": model})
    assert found is None if source == "image" else kind in (found or {})
    where = None if source == "image" else "/mnt/models"  # None: what the image says
    assert env(container({"model": model})).get("MODEL_DIR") == where


def test_changed_model_dir_is_used() -> None:
    values = {"model": {"module": MODULE}, "settings": {"MODEL_DIR": "/mnt/models/fraud"}}
    assert env(container(values))["MODEL_DIR"] == "/mnt/models/fraud"


def test_model_folder_is_mounted_read_only() -> None:
    for model in ({"module": MODULE}, {"initContainer": {"image": "fraud:1"}}):
        mount = container({"model": model})["volumeMounts"][1]
        assert mount == {"name": "model", "mountPath": "/mnt/models", "readOnly": True}


def test_existing_config_map_is_mounted() -> None:
    values = {"model": {"existingConfigMap": "fraud"}}
    assert of_kind("ConfigMap", values) == []
    assert volume("model", values) == {"name": "model", "configMap": {"name": "fraud"}}


def test_uri_is_downloaded_by_the_image_of_the_service() -> None:
    init = {"env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
            "envFrom": [{"secretRef": {"name": "bucket"}}]}  # fmt: skip
    uri = "https://store.example.com/fraud.tar?signature=$(A)$$"
    values = {"model": {"uri": uri, "sha256": SHA256, "sizeLimit": "5Gi", "initContainer": init}}
    (fetch,) = pod(values)["initContainers"]
    assert fetch["image"] == container(values)["image"]
    assert (fetch["command"], fetch.get("args")) == (["python", "-m", "app.fetch"], None)
    assert env(fetch) == {
        "MODEL_URI": uri.replace("$", "$$"),  # as Kubernetes unescapes it
        "MODEL_SHA256": SHA256,
        "MODEL_TARGET": "/mnt/models",
        "AWS_REGION": "eu-west-1",
    }
    assert fetch["envFrom"] == init["envFrom"]
    assert fetch["terminationMessagePolicy"] == "FallbackToLogsOnError"
    assert {"name": "model", "mountPath": "/mnt/models"} in fetch["volumeMounts"]
    assert volume("model", values) == {"name": "model", "emptyDir": {"sizeLimit": "5Gi"}}


def test_init_container_image_provides_the_model() -> None:
    init = {"image": "fraud:1", "command": ["cp"], "args": ["-R", "/model/.", "/mnt/models"],
            "resources": {"limits": {"memory": "64Mi"}}}  # fmt: skip
    (provider,) = pod({"model": {"initContainer": init}})["initContainers"]
    assert provider.items() >= init.items()
    assert "env" not in provider


def test_extra_volumes_are_mounted_in_the_init_container() -> None:
    mount = {"name": "archive", "mountPath": "/archive", "readOnly": True}
    values = {
        "model": {"uri": "/archive/fraud.zip", "sha256": SHA256},
        "extraVolumes": [{"name": "archive", "persistentVolumeClaim": {"claimName": "a"}}],
        "extraVolumeMounts": [mount],
    }
    spec = pod(values)
    assert mount in spec["initContainers"][0]["volumeMounts"]
    assert mount in spec["containers"][0]["volumeMounts"]
    assert values["extraVolumes"][0] in spec["volumes"]  # type: ignore[index]


SUMS = f"{SHA256}  ml_trained_model.py\n{SHA256.upper()} *a.txt\n"


@pytest.mark.parametrize("sums", [SHA256, f"{SHA256}\n", SUMS, SUMS.replace("\n", ",").strip(",")])
@pytest.mark.parametrize(
    "source",
    [{}, {"module": "x", "files": {"a.txt": "y"}}, {"existingConfigMap": "fraud"},
     {"initContainer": {"image": "fraud:1"}}],
)  # fmt: skip
def test_checksums_pin_the_files_of_every_source(source: Object, sums: str) -> None:
    env = pod({"model": source | {"sha256": sums}})["containers"][0]["env"]
    assert {"name": "MODEL_CHECKSUMS", "value": sums} in env


def test_the_checksum_of_a_download_is_for_the_init_container_alone() -> None:
    spec = pod({"model": {"uri": "/archive/fraud.zip", "sha256": SHA256}})
    assert "MODEL_CHECKSUMS" not in str(spec["containers"])
    assert {"name": "MODEL_SHA256", "value": SHA256} in spec["initContainers"][0]["env"]
