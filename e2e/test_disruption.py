"""Pods that are deleted, scaled, drained or killed under traffic."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import Namespace
from e2e.releases import ROW, TWO_PODS, module_options, pod_uids, wait_for_ready_pods
from e2e.traffic import Traffic, traffic
from tests.helpers import eventually

SLEEP = 10  # seconds before SIGTERM, the chart's default
POD_NAME_MODULE = """
    import socket

    def sample():
        return {"x": 1.5}

    def run(input_data):
        return socket.gethostname()
"""


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    folder: Path = tmp_path_factory.mktemp("model")
    shared_namespace.install("demo", *TWO_PODS, *module_options(folder, "named", POD_NAME_MODULE))
    return shared_namespace


@pytest.fixture(scope="module")
def background(namespace: Namespace) -> Iterator[Traffic]:
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        yield background


def test_deleting_a_pod_fails_no_request(namespace: Namespace, background: Traffic) -> None:
    before = pod_uids(namespace)
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    with background.window("pod deleted") as window:
        namespace.kubectl("delete", "pod", pod)
        wait_for_ready_pods(namespace, 2)
    assert len(pod_uids(namespace) - before) == 1
    assert window.requests
    assert not window.failures
    # Open connections keep reaching the pod; new ones must no longer reach it before SIGTERM.
    late = [
        request.start - window.start
        for request in window.requests
        if not request.keep_alive and json.loads(request.body) == pod
    ]
    print(f"new connections reached the deleted pod for {max(late, default=0):.1f} s")
    assert max(late, default=0) < SLEEP / 2


def test_scaling_up_and_down_fails_no_request(namespace: Namespace, background: Traffic) -> None:
    with background.window("scaled") as window:
        namespace.kubectl("scale", "deployment/demo-ml-rest-api", "--replicas=4")
        wait_for_ready_pods(namespace, 4)
        namespace.kubectl("scale", "deployment/demo-ml-rest-api", "--replicas=2")
        wait_for_ready_pods(namespace, 2)
    assert window.requests
    assert not window.failures


def test_draining_a_node_fails_no_request(namespace: Namespace, background: Traffic) -> None:
    node = namespace.pods("demo")[0]["spec"]["nodeName"]
    drain = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=180s")
    selector = "--pod-selector=app.kubernetes.io/instance=demo"
    try:
        with background.window("node drained") as window:
            namespace.cluster.kubectl("drain", node, selector, *drain)
            wait_for_ready_pods(namespace, 2)
    finally:
        namespace.cluster.kubectl("uncordon", node)
    assert node not in {pod["spec"]["nodeName"] for pod in namespace.pods("demo")}
    assert window.requests
    assert not window.failures


def test_killed_worker_is_replaced_and_only_its_own_requests_fail(
    namespace: Namespace, background: Traffic
) -> None:
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    kill = "import os, signal; os.kill(int(open('/proc/1/task/1/children').read().split()[0]), 9)"
    with background.window("worker killed") as window:
        namespace.kubectl("exec", pod, "--", "python", "-c", kill)
        killed = time.monotonic()
        eventually(lambda: len(window.requests) > 1000, within=30)
    # Requests that the worker had read are lost, and its keep-alive connections are closed.
    assert all(failure.start < killed or failure.keep_alive for failure in window.failures)
    assert len(window.failures) <= 8, "at most one for each caller"
    statuses = namespace.get("pod", pod)["status"]["containerStatuses"]
    assert [each["restartCount"] for each in statuses] == [0]
    assert "SIGKILL" in namespace.kubectl("logs", pod)
