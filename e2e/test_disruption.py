"""Pods that go, for whatever reason, under traffic; nobody who calls them notices."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import Namespace
from e2e.releases import ROW, TWO_PODS, module, uids, wait_until_pods_are
from e2e.traffic import Traffic, traffic
from tests.helpers import eventually

SLEEP = 10  # seconds before SIGTERM, the chart's default
NAMING_ITS_POD = """
    import socket

    def sample():
        return {"x": 1.5}

    def run(input_data):
        return socket.gethostname()
"""


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    folder: Path = tmp_path_factory.mktemp("model")
    shared_namespace.install("demo", *TWO_PODS, *module(folder, "named", NAMING_ITS_POD))
    return shared_namespace


@pytest.fixture(scope="module")
def background(namespace: Namespace) -> Iterator[Traffic]:
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        yield background


def test_a_deleted_pod_takes_no_request_with_it(namespace: Namespace, background: Traffic) -> None:
    before = uids(namespace)
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    with background.window("pod deleted") as window:
        namespace.kubectl("delete", "pod", pod)
        wait_until_pods_are(namespace, 2)
    assert len(uids(namespace) - before) == 1
    assert window.requests
    assert not window.failures
    # Connections that were open go on leading to it; new ones must have ceased before SIGTERM.
    late = [
        request.start - window.start
        for request in window.requests
        if not request.keep_alive and json.loads(request.body) == pod
    ]
    print(f"new connections led to the deleted pod for {max(late, default=0):.1f} s")
    assert max(late, default=0) < SLEEP / 2


def test_scaling_up_and_down_loses_no_request(namespace: Namespace, background: Traffic) -> None:
    with background.window("scaled") as window:
        namespace.kubectl("scale", "deployment/demo-ml-rest-api", "--replicas=4")
        wait_until_pods_are(namespace, 4)
        namespace.kubectl("scale", "deployment/demo-ml-rest-api", "--replicas=2")
        wait_until_pods_are(namespace, 2)
    assert window.requests
    assert not window.failures


def test_a_drained_node_loses_no_request(namespace: Namespace, background: Traffic) -> None:
    node = namespace.pods("demo")[0]["spec"]["nodeName"]
    drain = ("--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=180s")
    selector = "--pod-selector=app.kubernetes.io/instance=demo"
    try:
        with background.window("node drained") as window:
            namespace.cluster.kubectl("drain", node, selector, *drain)
            wait_until_pods_are(namespace, 2)
    finally:
        namespace.cluster.kubectl("uncordon", node)
    assert node not in {pod["spec"]["nodeName"] for pod in namespace.pods("demo")}
    assert window.requests
    assert not window.failures


def test_a_killed_worker_is_replaced_and_loses_what_it_had_in_hand_alone(
    namespace: Namespace, background: Traffic
) -> None:
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    kill = "import os, signal; os.kill(int(open('/proc/1/task/1/children').read().split()[0]), 9)"
    with background.window("worker killed") as window:
        namespace.kubectl("exec", pod, "--", "python", "-c", kill)
        killed = time.monotonic()
        eventually(lambda: len(window.requests) > 1000, within=30)
    # No server can answer what it had read when it was killed, and a kept connection ends.
    assert all(failure.start < killed or failure.keep_alive for failure in window.failures)
    assert len(window.failures) <= 8, "one for each caller at the most"
    statuses = namespace.get("pod", pod)["status"]["containerStatuses"]
    assert [each["restartCount"] for each in statuses] == [0]
    assert "SIGKILL" in namespace.kubectl("logs", pod)
