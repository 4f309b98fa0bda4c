"""The model's files in the values, which reach the pod byte for byte."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.fetch.files import write_files
from tests.chart.rendering import (
    Object,
    container,
    of_kind,
    one,
    pod,
    render_error,
    render_texts,
    template,
    volume,
)

MODULE = "def run(row):\n    return 1\n"
MIB = 1024 * 1024
LARGE = "#" * 200_000
LIMIT = 192 * 1024  # bytes of the annotation; Kubernetes allows 256 KiB for all of an object
LARGEST = LIMIT - len('{"binaryData":{},"data":{"ml_trained_model.py":""}}')

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
}
LARGE_TEXTS = {
    "900 KiB": "x = 'é\t{{ y }}'\r\n" * (900 * 1024 // 19 + 1),
    "every character": EVERY_CHARACTER * 6,
    "no final newline": "#" * 200_000,
}
ANNOTATION = "ml-rest-api/model-files"


def annotation(model: Object, **values: Any) -> str:
    text: str = template({"model": model, **values})["metadata"]["annotations"][ANNOTATION]
    return text


def model_files(folder: Path, model: Object, **values: Any) -> dict[str, bytes]:
    """Return the files that the init container writes from the pod's annotation."""
    source, target = folder / "files.json", folder / "models"
    source.write_text(annotation(model, **values), newline="")
    target.mkdir()
    write_files(source, target)
    return {file.name: file.read_bytes() for file in target.iterdir()}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_files_reach_the_pod_byte_for_byte(text: str, tmp_path: Path) -> None:
    model = {"module": text, "files": {"a.txt": text[:1000]}}
    expected = {"ml_trained_model.py": text.encode(), "a.txt": text[:1000].encode()}
    assert model_files(tmp_path, model) == expected


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_another_yaml_parser_reads_the_same_text(text: str) -> None:
    rendered = yaml.safe_load(render_texts({"model": {"module": text}})["deployment.yaml"])
    files = rendered["spec"]["template"]["metadata"]["annotations"][ANNOTATION]
    assert json.loads(files)["data"] == {"ml_trained_model.py": text}


def test_binary_files_reach_the_pod_byte_for_byte(tmp_path: Path) -> None:
    content = random.Random(0).randbytes(100_000)
    wrapped = base64.encodebytes(content).decode()  # wrapped like the output of `base64`
    files = model_files(tmp_path, {"module": MODULE, "binaryFiles": {"model.joblib": wrapped}})
    assert files["model.joblib"] == content


@pytest.mark.parametrize("text", LARGE_TEXTS.values(), ids=LARGE_TEXTS.keys())
def test_large_files_are_rendered_byte_for_byte_in_a_config_map(text: str) -> None:
    model = {"module": text, "binaryFiles": {"a.bin": "AAE="}}
    rendered = yaml.safe_load(render_texts({"model": model})["configmap.yaml"])
    assert rendered == one("ConfigMap", {"model": model})
    assert rendered["data"] == {"ml_trained_model.py": text}
    assert rendered["binaryData"] == {"a.bin": "AAE="}


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
    found = annotation({"module": MODULE}, settings={"TRAINED_MODEL_MODULE_NAME": setting})
    assert json.loads(found)["data"] == {file: MODULE}


def test_only_a_changed_module_triggers_a_rolling_update() -> None:
    for module in (MODULE, LARGE):
        before = template({"model": {"module": module}})
        assert before != template({"model": {"module": module + "#"}})
        others = {"service": {"annotations": {"a": "b"}}, "replicaCount": 2}
        assert before == template({"model": {"module": module}, **others})


def test_pod_template_contains_the_files() -> None:
    values = {"model": {"module": MODULE, "binaryFiles": {"a.bin": "AAE="}}}
    assert of_kind("ConfigMap", values) == []
    (init,) = pod(values)["initContainers"]
    assert init["image"] == container(values)["image"]
    assert init["command"][:3] == ["python", "-m", "app.fetch.files"]
    assert init["command"][3:] == ["/mnt/model-files/files.json", "/mnt/models"]
    assert [mount["name"] for mount in init["volumeMounts"]] == ["tmp", "model", "model-files"]
    found = volume("model-files", values)
    assert found is not None
    (item,) = found["downwardAPI"]["items"]
    assert item == {
        "path": "files.json",
        "fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{ANNOTATION}']"},
    }


def test_config_map_of_large_files_is_immutable_and_named_after_its_content() -> None:
    first, second = (one("ConfigMap", {"model": {"module": LARGE + end}}) for end in ("", "#"))
    assert first["immutable"] is True
    assert first["metadata"]["name"] != second["metadata"]["name"]
    values = {"model": {"module": LARGE}}
    assert volume("model", values) == {
        "name": "model",
        "configMap": {"name": first["metadata"]["name"]},
    }
    assert ANNOTATION not in template(values)["metadata"]["annotations"]
    assert "initContainers" not in pod(values)


def test_annotations_stay_below_the_limit_of_kubernetes() -> None:
    files = LARGEST * "x"
    assert len(annotation({"files": {"ml_trained_model.py": files}})) == LIMIT
    assert of_kind("ConfigMap", {"model": {"files": {"ml_trained_model.py": files + "x"}}})


def test_one_mebibyte_of_files_is_accepted() -> None:
    half = "x" * (MIB // 2)
    other = base64.b64encode(random.Random(0).randbytes(MIB // 2)).decode()
    model = {"module": half, "binaryFiles": {"b.bin": other}}
    assert one("ConfigMap", {"model": model})["binaryData"] == {"b.bin": other}


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


@pytest.mark.parametrize(
    ("files", "settings"),
    [
        (["fraud.joblib"], {}),
        (["fraud.json", "fraud.sample.json"], {"TRAINED_MODEL_MODULE_NAME": "fraud"}),
        (["MLmodel", "model.pkl"], {}),
        (["fraud.joblib", "helper.py"], {"TRAINED_MODEL_MODULE_NAME": "fraud.joblib"}),
    ],
)
def test_model_file_needs_no_module(files: list[str], settings: Object, tmp_path: Path) -> None:
    model = {"binaryFiles": dict.fromkeys(files, "YQ==")}
    assert model_files(tmp_path, model, settings=settings) == dict.fromkeys(files, b"a")


@pytest.mark.parametrize("files", [["labels.csv"], ["fraud.joblib", "helper.py"]])
def test_model_is_missing_without_a_module_and_a_model_file_alone(files: list[str]) -> None:
    error = render_error({"model": {"binaryFiles": dict.fromkeys(files, "YQ==")}})
    assert "the model module is missing: set model.module, or add " in error
    assert "or add nothing but a model file, such as fraud.joblib" in error
