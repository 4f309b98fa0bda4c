"""Ten times as many requests as a pod can handle, for a minute."""

import time
from pathlib import Path
from typing import Any

import pytest
import requests

from e2e.cluster import NODE_PORT, Namespace
from e2e.releases import module_options
from e2e.traffic import Request, traffic
from tests.helpers import eventually

SECONDS = 60
PER_SECOND = 20  # one prediction takes 50 ms, one at a time
SLOW = """
    import time

    def sample():
        return {"x": 1.5}

    def run(input_data):
        time.sleep(0.05)
        return "answered"
"""
OPTIONS = (
    "--set",
    f"service.type=NodePort,service.nodePort={NODE_PORT},settings.THREADS=1,settings.MAX_PENDING=8",
)


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    folder: Path = tmp_path_factory.mktemp("model")
    shared_namespace.install("demo", *OPTIONS, *module_options(folder, "slow", SLOW))
    return shared_namespace


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def durations(sent: list[Request]) -> list[float]:
    return [request.end - request.start for request in sent]


def test_overload_is_rejected_immediately_and_fails_no_probe(namespace: Namespace) -> None:
    address = namespace.cluster.node_port_address
    probes: list[float] = []
    with (
        traffic(address, {"x": 2.5}, rate=10 * PER_SECOND, callers=40) as background,
        background.window("overload") as window,
    ):
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for name in ("liveness", "readiness"):
                response = requests.get(f"http://{address}/api/{name}", timeout=5)
                assert response.status_code == 200
                probes.append(response.elapsed.total_seconds())
    by_status: dict[int, list[Request]] = {}
    for request in window.requests:
        by_status.setdefault(request.status, []).append(request)
    assert by_status.keys() == {200, 503}
    assert len(by_status[200]) > 0.8 * PER_SECOND * SECONDS
    assert percentile(durations(by_status[503]), 0.99) < 0.1
    assert all(request.retry_after for request in by_status[503])
    assert percentile(probes, 0.99) < 0.1
    (pod,) = namespace.pods("demo")
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    assert failed_probes(namespace) == []

    def is_normal() -> bool:
        response = requests.post(f"http://{address}/api/model/predict", json={"x": 2.5}, timeout=5)
        return response.status_code == 200 and response.elapsed.total_seconds() < 0.15

    eventually(is_normal, within=5)


def failed_probes(namespace: Namespace) -> list[Any]:
    """Return the events of probes that have failed since the pod became ready."""
    (pod,) = namespace.pods("demo")
    ready = next(each for each in pod["status"]["conditions"] if each["type"] == "Ready")
    events = namespace.get("events", "--field-selector=reason=Unhealthy")["items"]
    return [event for event in events if event["lastTimestamp"] > ready["lastTransitionTime"]]
