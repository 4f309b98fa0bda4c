"""More pods under load and fewer after it, by a HorizontalPodAutoscaler; and the first of none."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from e2e.cluster import NODE_PORT, Cluster, Namespace
from e2e.go_image import require_go
from e2e.metrics_server import metrics_server
from e2e.releases import constant_module_options, module_options, wait_for_ready_pods
from e2e.traffic import traffic
from tests.helpers import eventually

NODE_PORT_OPTIONS = ("--set", f"service.type=NodePort,service.nodePort={NODE_PORT}")
# The load takes 0.18 CPUs in each of two pods, more than 80% of the request, also in four; without
# it, they take less.
AUTOSCALING_VALUES = (
    "resources.requests.cpu=50m,autoscaling.enabled=true,autoscaling.maxReplicas=4,"
    "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=0"
)
BUSY = """
    import time

    def sample():
        return {"seconds": 0.0}

    def run(input_data):
        end = time.thread_time() + input_data["seconds"]
        while time.thread_time() < end:
            pass
        return "done"
"""
LIGHT, HEAVY = {"seconds": 0.0}, {"seconds": 0.006}


@pytest.fixture(scope="module", autouse=True)
def cpu_metrics(cluster: Cluster) -> Iterator[None]:
    require_go()
    with metrics_server(cluster):
        yield


def test_autoscaler_adds_and_removes_pods_and_fails_no_request(
    namespace: Namespace, tmp_path: Path
) -> None:
    options = (
        *NODE_PORT_OPTIONS,
        "--set",
        AUTOSCALING_VALUES,
        *module_options(tmp_path, "busy", BUSY),
    )
    namespace.install("demo", *options)
    wait_for_ready_pods(namespace, 2)
    address = namespace.cluster.node_port_address
    start = time.monotonic()
    with (
        traffic(address, LIGHT, rate=20, callers=4) as steady,
        steady.window("all the time") as window,
    ):
        with traffic(address, HEAVY, rate=60) as load, load.window("load") as loaded:
            eventually(lambda: ready_pods(namespace) == 4, within=180)
        more = time.monotonic()
        eventually(lambda: ready_pods(namespace) == 2, within=180)
        wait_for_ready_pods(namespace, 2)
    fewer = time.monotonic()
    print(f"four pods after {more - start:.0f} s of load, two {fewer - more:.0f} s after its end")
    assert len(loaded.requests) > 500
    assert not loaded.failures
    assert not window.failures


def test_first_pod_answers_through_the_service(namespace: Namespace, tmp_path: Path) -> None:
    namespace.install("demo", *NODE_PORT_OPTIONS, *constant_module_options(tmp_path, "first"))
    url = f"http://{namespace.cluster.node_port_address}/api/model/predict"

    def answers() -> bool:
        return requests.post(url, json={"x": 2.5}, timeout=1).status_code == 200

    eventually(answers, within=30)
    scale = ("scale", "deployment/demo-ml-rest-api")
    namespace.kubectl(*scale, "--replicas=0")
    wait_for_ready_pods(namespace, 0)
    with pytest.raises(requests.ConnectionError):
        answers()
    start = time.monotonic()
    namespace.kubectl(*scale, "--replicas=1")
    eventually(answers, within=60)
    print(f"first answer {time.monotonic() - start:.1f} s after the scaling from zero")


def ready_pods(namespace: Namespace) -> int:
    """Return the number of pods that the Deployment reports as ready."""
    deployment = namespace.get("deployment", "demo-ml-rest-api")
    return int(deployment["status"].get("readyReplicas", 0))
