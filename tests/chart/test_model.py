"""The sources of the model, and its files, which are rendered byte for byte."""

import base64
import hashlib
import random
from typing import Any

import pytest
import yaml

from tests.chart.rendering import (
    Object,
    container,
    env,
    of_kind,
    one,
    pod,
    render,
    render_error,
    render_texts,
)

MODULE = "def run(row):\n    return 1\n"
SHA256 = "ab" * 32
MIB = 1024 * 1024

EVERY_CHARACTER = "".join(chr(c) for c in range(0x3100) if not 0xD800 <= c <= 0xDFFF)
TEXTS = {
    "template braces": "x = '{{ .Values.model }}{{ fail \"no\" }}{{/* */}}'\n",
    "quotes": '\'one\' "two" """three""" `four` \\n \\\\ \\',
    "tabs": "if x:\n\treturn\t1\n",
    "CRLF": "def run(row):\r\n    return 1\r\n",
    "lone CR": "a\rb",
    "no final newline": "x = 1",
    "many final newlines": "x = 1\n\n\n",
    "leading space and blank lines": "\n\n  # x\n",
    "trailing space": "x = 1  \n   ",
    "documents": "---\nkind: Pod\n---\r\n...\n# x: y\n",
    "unicode": "s = 'é 😀 \u2028 \u0085 \ufeff \U000e0001'",
    "every character": EVERY_CHARACTER,
    "yaml": "key: [a, &b *c, !!python]\n? - > |\n",
    "dollars": "$(PATH) $$ ${HOME}",
    "true": "true",
    "number": "1e3",
    "900 KiB": "x = 'é\t{{ y }}'\r\n" * (900 * 1024 // 19 + 1),
}


def config_map(model: Object, **values: Any) -> Object:
    return one("ConfigMap", {"model": model, **values})


def model_volume(values: Object) -> Object | None:
    return next((each for each in pod(values)["volumes"] if each["name"] == "model"), None)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_files_are_rendered_byte_for_byte(text: str) -> None:
    found = config_map({"module": text, "files": {"a.txt": text[:1000]}})["data"]
    assert found == {"ml_trained_model.py": text, "a.txt": text[:1000]}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_another_yaml_parser_reads_the_same_text(text: str) -> None:
    rendered = render_texts({"model": {"module": text}})["configmap.yaml"]
    assert yaml.safe_load(rendered)["data"] == {"ml_trained_model.py": text}


def test_binary_files_are_rendered_byte_for_byte() -> None:
    content = random.Random(0).randbytes(100_000)
    wrapped = base64.encodebytes(content).decode()  # wrapped like the output of `base64`
    found = config_map({"module": MODULE, "binaryFiles": {"model.joblib": wrapped}})
    assert base64.b64decode(found["binaryData"]["model.joblib"], validate=True) == content


@pytest.mark.parametrize(
    ("setting", "file"),
    [
        ("fraud", "fraud.py"),
        ("fraud.py", "fraud.py"),
        ("", "ml_trained_model.py"),
        ("ml_trained_model", "ml_trained_model.py"),
    ],
)
def test_module_is_saved_under_the_name_that_is_loaded(setting: str, file: str) -> None:
    found = config_map({"module": MODULE}, settings={"TRAINED_MODEL_MODULE_NAME": setting})
    assert found["data"] == {file: MODULE}


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
    volume = model_volume({"model": model})
    kinds = {"image": None, "configMap": "configMap", "initContainer": "emptyDir"}
    assert volume is None if source == "image" else kinds[source] in (volume or {})
    where = "model" if source == "image" else "/mnt/models"
    assert env(container({"model": model}))["MODEL_DIR"] == where


def test_changed_model_dir_is_used() -> None:
    values = {"model": {"module": MODULE}, "settings": {"MODEL_DIR": "/mnt/models/fraud"}}
    assert env(container(values))["MODEL_DIR"] == "/mnt/models/fraud"


def test_model_folder_is_mounted_read_only() -> None:
    for model in ({"module": MODULE}, {"initContainer": {"image": "fraud:1"}}):
        mount = container({"model": model})["volumeMounts"][1]
        assert mount == {"name": "model", "mountPath": "/mnt/models", "readOnly": True}


def test_only_a_changed_module_triggers_a_rolling_update() -> None:
    def template(model: Object, **values: Any) -> Object:
        deployment = one("Deployment", {"model": model, **values})
        found: Object = deployment["spec"]["template"]
        return found

    before = template({"module": MODULE})
    changed = template({"module": MODULE + "#"})
    assert before["metadata"]["annotations"] != changed["metadata"]["annotations"]
    assert before == template(
        {"module": MODULE}, service={"annotations": {"a": "b"}}, replicaCount=2
    )


def test_old_pods_keep_the_files_they_started_with() -> None:
    first, second = (config_map({"module": MODULE + end}) for end in ("", "#"))
    assert first["immutable"] is True
    assert first["metadata"]["name"] != second["metadata"]["name"]
    volume = model_volume({"model": {"module": MODULE}})
    assert volume is not None
    assert volume["configMap"] == {"name": first["metadata"]["name"]}


def test_existing_config_map_is_mounted() -> None:
    values = {"model": {"existingConfigMap": "fraud"}}
    assert of_kind("ConfigMap", values) == []
    assert model_volume(values) == {"name": "model", "configMap": {"name": "fraud"}}


def test_one_mebibyte_of_files_is_accepted() -> None:
    half = "x" * (MIB // 2)
    other = base64.b64encode(random.Random(0).randbytes(MIB // 2)).decode()
    model = {"module": half, "binaryFiles": {"b.bin": other}}
    assert config_map(model)["binaryData"] == {"b.bin": other}


@pytest.mark.parametrize(
    "model",
    [
        {"module": "x" * (MIB + 1)},
        {"module": "é" * (MIB // 2) + "x"},
        {"module": MODULE, "files": {"a": "x" * MIB}},
        {"module": MODULE, "binaryFiles": {"a": base64.b64encode(b"x" * MIB).decode()}},
    ],
    ids=["module", "bytes", "files", "binary"],
)
def test_more_than_one_mebibyte_of_files_is_rejected(model: Object) -> None:
    message = render_error({"model": model})
    assert "1 MiB" in message
    assert "init container" in message
    assert len(message) < 1000


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
    assert model_volume(values) == {"name": "model", "emptyDir": {"sizeLimit": "5Gi"}}


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


def test_checksum_annotation_depends_only_on_the_content() -> None:
    annotations = one("Deployment", {"model": {"module": MODULE}})["spec"]["template"]["metadata"][
        "annotations"
    ]
    content = f'{{"binaryData":{{}},"data":{{"ml_trained_model.py":{MODULE!r}}}}}'.replace("'", '"')
    assert annotations["checksum/model"] == hashlib.sha256(content.encode()).hexdigest()
