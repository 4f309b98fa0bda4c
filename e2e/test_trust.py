"""What a model is trusted with: checksums of its files, and what its pickles import."""

from pathlib import Path
from textwrap import dedent

import pytest

from e2e.cluster import IMAGE, Namespace, run
from e2e.pods import Pod, is_ready, termination_message, wait_for_pod
from e2e.releases import module_options
from e2e.test_model_sources import BINARY_MODULE, MODULE, TRAIN, predicts
from e2e.toolbox import Toolbox
from tests.helpers import write_module

CONFIG_MAP = "model.existingConfigMap=mine"
PREDICTION = {"answer": 112.0}


def sums(folder: Path, names: str, text: str) -> tuple[str, str]:
    """Return the option with checksums, as `sha256sum` prints them."""
    file = folder / f"SHA256SUMS-{names}"
    file.write_text(text)
    return "--set-file", f"model.sha256={file}"


def has_failed(pod: Pod) -> bool:
    return bool(termination_message(pod))


def test_a_changed_file_of_a_config_map_is_rejected_and_the_old_pod_serves_on(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    file = write_module(tmp_path, MODULE)
    namespace.kubectl("create", "configmap", "mine", f"--from-file={file}")
    pinned = sums(tmp_path, "mine", run("sha256sum", file).replace(f"{file.parent}/", ""))
    namespace.install("demo", "--set", CONFIG_MAP, *pinned)
    file.write_text(dedent(MODULE).replace("42", "43"))
    namespace.kubectl("delete", "configmap", "mine")
    namespace.kubectl("create", "configmap", "mine", f"--from-file={file}")
    namespace.kubectl("rollout", "restart", "deployment/demo-ml-rest-api")
    message = termination_message(wait_for_pod(namespace, "demo", has_failed))
    assert "The SHA-256 checksum of ml_trained_model.py is " in message
    assert toolbox.predict(namespace.url("demo"), {"x": 2.5}).json["answer"] == 105.0


def test_the_files_in_the_image_can_be_pinned(namespace: Namespace, tmp_path: Path) -> None:
    printed = run("docker", "run", "--rm", IMAGE, "sh", "-c", "cd model && sha256sum *")
    namespace.install("demo", *sums(tmp_path, "image", printed))
    wait_for_pod(namespace, "demo", is_ready)
    others = sums(tmp_path, "others", "\n".join(printed.splitlines()[1:]))
    namespace.upgrade("demo", *others, wait=False)
    message = termination_message(wait_for_pod(namespace, "demo", has_failed))
    assert "in the model folder has no checksum in MODEL_CHECKSUMS" in message


@pytest.fixture
def binary(tmp_path: Path) -> tuple[str, ...]:
    """Return the options of a release with a linear regression, saved by joblib in the image."""
    line = tmp_path / "line.base64"
    line.write_text(run("docker", "run", "--rm", IMAGE, "python", "-c", dedent(TRAIN)))
    file = ("--set-file", f"model.binaryFiles.line\\.joblib={line}")
    return *module_options(tmp_path, "binary", BINARY_MODULE), *file


def test_a_pickle_is_loaded_as_the_policy_says(
    namespace: Namespace, toolbox: Toolbox, binary: tuple[str, ...]
) -> None:
    namespace.install("demo", *binary, "--set", "settings.PICKLE_POLICY=audit")
    assert predicts(namespace, toolbox, PREDICTION)
    none_allowed = "settings.PICKLE_POLICY=audit,settings.PICKLE_ALLOWED="
    namespace.upgrade("demo", *binary, "--set", none_allowed, wait=False)
    message = termination_message(wait_for_pod(namespace, "demo", has_failed))
    assert "line.joblib would import joblib.numpy_pickle.NumpyArrayWrapper" in message
    assert predicts(namespace, toolbox, PREDICTION)
