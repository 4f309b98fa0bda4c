"""A rollout whose new model fails to load, while kubelets restart and old pods are replaced.

The tests depend on each other: after the kubelet has restarted, nothing but the API server knows
what the old pods need.
"""

import time
from collections.abc import Iterator

import pytest

from e2e.cluster import Namespace
from e2e.pods import Pod, is_ready, wait_for_pod
from e2e.releases import ROW, TWO_PODS, constant_module_options, module_options
from e2e.traffic import Traffic, Window, traffic
from tests.helpers import eventually

FAILING = """
    def sample():
        return {"x": 1.5}

    def init():
        raise OSError("no model")

    def run(input_data):
        return "new"
"""


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    """A namespace with a stalled rollout; both old pods serve."""
    folder = tmp_path_factory.mktemp("model")
    old, new = constant_module_options(folder, "old"), module_options(folder, "new", FAILING)
    shared_namespace.install("demo", *TWO_PODS, *old, as_shipped=True)
    shared_namespace.upgrade("demo", *TWO_PODS, *new, as_shipped=True, wait=False)
    wait_for_pod(shared_namespace, "demo", waits_for_its_third_restart)
    return shared_namespace


@pytest.fixture(scope="module")
def background(namespace: Namespace) -> Iterator[Traffic]:
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        yield background


def waits_for_its_third_restart(pod: Pod) -> bool:
    return any(
        each["restartCount"] >= 2 and "waiting" in each["state"]
        for each in pod["status"].get("containerStatuses", [])
    )


def revisions(namespace: Namespace) -> tuple[list[Pod], list[Pod]]:
    """Return the old pods and the new ones."""
    sets = namespace.get("replicasets", "--sort-by=.metadata.creationTimestamp")["items"]
    old_hash = sets[0]["metadata"]["labels"]["pod-template-hash"]
    pods: tuple[list[Pod], list[Pod]] = ([], [])
    for pod in namespace.pods("demo"):
        pods[pod["metadata"]["labels"]["pod-template-hash"] != old_hash].append(pod)
    return pods


def names(pods: list[Pod]) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods}


def wait_for_old_pods(namespace: Namespace) -> list[Pod]:
    """Wait until two old pods are ready, and return them."""

    def ready() -> list[Pod]:
        old = [pod for pod in revisions(namespace)[0] if is_ready(pod)]
        return old if len(old) == 2 else []

    pods: list[Pod] = eventually(ready, within=120)
    return pods


def check(window: Window) -> None:
    assert window.requests
    assert not window.failures
    assert set(window.predictions) == {"old"}


def test_restarted_kubelet_lets_no_broken_pod_replace_a_working_one(
    namespace: Namespace, background: Traffic
) -> None:
    old, (new,) = revisions(namespace)
    with background.window("kubelet restarted") as window:
        namespace.cluster.on_node(new["spec"]["nodeName"], "systemctl", "restart", "kubelet")
        eventually(lambda: len(window.requests) > 6000, within=60)  # 20 s
    assert names(wait_for_old_pods(namespace)) == names(old)
    check(window)


def test_deleted_old_pod_is_replaced(namespace: Namespace, background: Traffic) -> None:
    old, (new,) = revisions(namespace)
    for node in namespace.cluster.nodes:  # whose caches have the files of the old pods
        if node != new["spec"]["nodeName"]:
            namespace.cluster.on_node(node, "systemctl", "restart", "kubelet")
    wait_for_old_pods(namespace)
    deleted = old[0]["metadata"]["name"]
    with background.window("pod deleted") as window:
        namespace.kubectl("delete", "pod", deleted)
        pods = wait_for_old_pods(namespace)
    assert deleted not in names(pods)
    check(window)


def test_ended_container_of_an_old_pod_is_started_again(
    namespace: Namespace, background: Traffic
) -> None:
    old = wait_for_old_pods(namespace)
    name = old[0]["metadata"]["name"]
    with background.window("container ended") as window:
        ended = time.monotonic()
        end = "import os, signal; os.kill(1, signal.SIGTERM)"
        namespace.kubectl("exec", name, "--", "python", "-c", end)
        eventually(lambda: restarts(namespace, name) == 1, within=60)
        wait_for_old_pods(namespace)
    with background.window("started again") as after:
        eventually(lambda: len(after.requests) > 1000, within=30)
    assert names(wait_for_old_pods(namespace)) == names(old)
    # Until the kubelet finds that the container has ended, new connections reach it.
    assert all(failure.start < ended + 5 for failure in window.failures)
    check(after)


def test_drained_node_loses_no_old_model(namespace: Namespace, background: Traffic) -> None:
    node = wait_for_old_pods(namespace)[0]["spec"]["nodeName"]
    drain = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=180s")
    selector = "--pod-selector=app.kubernetes.io/instance=demo"
    try:
        with background.window("node drained") as window:
            namespace.cluster.kubectl("drain", node, selector, *drain)
            pods = wait_for_old_pods(namespace)
    finally:
        namespace.cluster.kubectl("uncordon", node)
    assert node not in {pod["spec"]["nodeName"] for pod in pods}
    check(window)


def restarts(namespace: Namespace, name: str) -> int:
    (status,) = namespace.get("pod", name)["status"]["containerStatuses"]
    return int(status["restartCount"])
