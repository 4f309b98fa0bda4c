"""The chart's default values, the plain manifests, and names that conflict with settings."""

import ast
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.cluster import IMAGE, Namespace, run
from e2e.releases import constant_module_options
from e2e.toolbox import Toolbox, pod
from tests.chromium import MISSING, chromium, find_chromium, visit
from tests.helpers import ROOT, eventually

PREDICTION = "#operations-model-post_model_predict"


@pytest.fixture(scope="module")
def example() -> tuple[dict[str, object], object]:
    """A row and its exact prediction by the example model of the image, without the service."""
    output = run("docker", "run", "--rm", IMAGE, "python", "model/ml_trained_model.py")
    row, prediction = map(ast.literal_eval, output.split(" -> "))
    return row, prediction


@pytest.fixture(scope="module")
def installed(shared_namespace: Namespace) -> Namespace:
    """A namespace with the release `demo`, which has only default values."""
    shared_namespace.install("demo", as_shipped=True)
    return shared_namespace


def test_default_values_install_without_restarts(installed: Namespace) -> None:
    (pod,) = installed.pods("demo")
    (container,) = pod["status"]["containerStatuses"]
    assert container["ready"]
    assert container["restartCount"] == 0


def test_helm_test_passes(installed: Namespace, example: tuple[object, object]) -> None:
    output = installed.helm("test", "demo", "--logs", "--timeout=120s")
    assert json.dumps(example[1]) in output


def test_another_pod_gets_the_exact_prediction_by_dns_name(
    installed: Namespace, toolbox: Toolbox, example: tuple[object, object]
) -> None:
    row, prediction = example
    response = toolbox.predict(installed.url("demo"), row)
    assert (response.status, response.json) == (200, prediction)


@pytest.mark.skipif(
    find_chromium() is None and os.environ.get("CI", "").lower() not in ("true", "1"),
    reason=MISSING,
)
def test_browser_predicts_through_port_forward(
    installed: Namespace, example: tuple[object, object]
) -> None:
    with (
        port_forward(installed, "service/demo-ml-rest-api") as url,
        chromium() as browser,
        visit(browser, f"{url}/api/") as opened,
    ):
        operation = opened.page.locator(PREDICTION)
        operation.locator(".opblock-summary").click()
        operation.locator(".execute").click()
        response = operation.locator(".live-responses-table tbody")
        expect(response.locator(".response-col_status")).to_contain_text("200")
        assert json.loads(response.locator("pre.microlight").first.inner_text()) == example[1]
        assert opened.problems == []


def test_plain_manifests_serve_the_same_prediction(
    namespace: Namespace, toolbox: Toolbox, example: tuple[object, object]
) -> None:
    (image,) = re.findall(r"image: (\S+)", namespace.kubectl("kustomize", ROOT / "k8s"))
    for node in namespace.cluster.nodes:
        tag_image(namespace, node, image)
    namespace.kubectl("apply", "--kustomize", ROOT / "k8s")
    namespace.kubectl("rollout", "status", "deployment/ml-rest-api", "--timeout=180s")
    url = f"http://ml-rest-api.{namespace.name}:8888"
    response = toolbox.predict(url, example[0])
    assert (response.status, response.json) == (200, example[1])


def test_release_and_service_named_flask_do_not_break_the_service(
    namespace: Namespace, toolbox: Toolbox, example: tuple[object, object]
) -> None:
    namespace.install("flask", "--set", "fullnameOverride=flask")
    namespace.install("demo")
    for url in (f"http://flask.{namespace.name}:8888", namespace.url("demo")):
        response = toolbox.predict(url, example[0])
        assert (response.status, response.json) == (200, example[1])


def test_image_ignores_flask_port_of_a_service_named_flask(
    namespace: Namespace, toolbox: Toolbox
) -> None:
    namespace.kubectl("create", "service", "clusterip", "flask", "--tcp=80")
    namespace.apply(pod("bare"))
    namespace.kubectl("wait", "--for=condition=Ready", "pod/bare", "--timeout=60s")
    output = namespace.kubectl("exec", "bare", "--", "printenv", "FLASK_PORT")
    assert output.startswith("tcp://")
    address = namespace.get("pod", "bare")["status"]["podIP"]
    assert toolbox.get(f"http://{address}:8888/api/liveness").json == {"Alive": True}


@pytest.mark.parametrize("release", ["demo", "r" * 40 + "-" + "s" * 12])
def test_uninstall_leaves_nothing(namespace: Namespace, tmp_path: Path, release: str) -> None:
    def objects() -> set[str]:
        kinds = "all,configmaps,secrets,serviceaccounts,networkpolicies,poddisruptionbudgets"
        return set(namespace.kubectl("get", kinds, "--output=name").split())

    before = objects()
    values = "networkPolicy.enabled=true,replicaCount=2"
    small, large = (constant_module_options(tmp_path, name) for name in ("x", "x" * 200_000))
    namespace.install(release, *small, "--set", f"{values},check.enabled=true")
    namespace.upgrade(release, *large, "--set", values)
    namespace.helm("test", release, "--timeout=120s")
    namespace.helm("uninstall", release)
    eventually(lambda: objects() == before, within=90)


def tag_image(namespace: Namespace, node: str, image: str) -> None:
    """Tag this project's image, on a node, with the name from the manifests."""
    tag = ("ctr", "--namespace=k8s.io", "images", "tag", "--force")
    names = (f"docker.io/library/{name}" for name in (IMAGE, image))
    namespace.cluster.on_node(node, *tag, *names)


@contextlib.contextmanager
def port_forward(namespace: Namespace, resource: str) -> Iterator[str]:
    """Yield a URL on this machine that forwards to port 8888 of a Service."""
    command = ["kubectl", "--namespace", namespace.name, "port-forward", resource, ":8888"]
    with subprocess.Popen(
        command, env=namespace.cluster.environ, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"from (127\.0\.0\.1:\d+)", line)
            assert found, line
            yield f"http://{found[1]}"
        finally:
            process.terminate()
