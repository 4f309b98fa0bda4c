"""The check before an install or upgrade: Helm prints why a model does not become ready."""

import os
import shutil
from pathlib import Path

import pytest

from e2e.cluster import CHART, HELM, IMAGE, CommandError, Namespace
from e2e.releases import constant_module_options, module_options
from e2e.toolbox import Toolbox
from tests.helpers import eventually

CHECK = ("--set", f"image.tag={IMAGE.partition(':')[2]},check.enabled=true,minReadySeconds=0")
FAILING = """
    def init():
        raise OSError("no such weights")

    def run(input_data):
        return 1
"""
REASON = "init() failed at ml_trained_model.py, line 3: OSError: no such weights"
HELM3 = os.environ.get("HELM3", "helm3")


@pytest.fixture(params=[HELM, HELM3])
def helm(request: pytest.FixtureRequest) -> str:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


def test_helm_4_waits_no_longer_than_the_progress_deadline(
    namespace: Namespace, tmp_path: Path
) -> None:
    if not namespace.helm("version", "--short").startswith("v4"):
        pytest.skip("Helm 3 waits until --timeout")
    options = (*module_options(tmp_path, "failing", FAILING), "--set", "progressDeadlineSeconds=10")
    with pytest.raises(CommandError, match="Progress deadline exceeded"):
        namespace.install("demo", *options)


def test_failed_check_prints_the_reason_and_changes_nothing(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path, helm: str
) -> None:
    def deploy(command: str, *options: str) -> str:
        target = ("--namespace", namespace.name, command, "demo", CHART)
        wait = ("--wait", "--timeout=120s")
        return namespace.cluster.run(helm, *target, *CHECK, *options, *wait)

    failing = module_options(tmp_path, "failing", FAILING)
    with pytest.raises(CommandError) as install:
        deploy("install", *failing)
    assert REASON in str(install.value)
    assert namespace.get("deployments,services,jobs,pods")["items"] == []
    namespace.helm("uninstall", "demo")

    deploy("install", *constant_module_options(tmp_path, "old"))
    before = namespace.get("deployments")["items"]
    uri = f"model.uri={toolbox.address('absent.tar')},model.sha256={'0' * 64}"
    for options, reason in ((failing, REASON), (("--set", uri), "404")):
        with pytest.raises(CommandError) as upgrade:
            deploy("upgrade", *options)
        assert reason in str(upgrade.value)
    (deployment,) = namespace.get("deployments")["items"]
    assert deployment["spec"] == before[0]["spec"]
    deploy("upgrade", *constant_module_options(tmp_path, "new"))
    url = namespace.url("demo")  # the old pod is sent requests until kube-proxy has noticed
    eventually(lambda: toolbox.predict(url, {"x": 2.5}).json == "new", within=10)
    assert namespace.get("jobs")["items"] == []
