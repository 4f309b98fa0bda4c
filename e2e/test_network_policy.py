"""The chart's NetworkPolicy, enforced: who reaches the service, and what it reaches itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.cluster import Cluster, Namespace
from e2e.network_policies import enforced_policies
from e2e.pods import is_ready
from e2e.releases import module_options
from e2e.test_model_sources import MODULE, VALID, fetch_options
from e2e.toolbox import Toolbox, pod
from tests.helpers import eventually

DEPLOYMENT = "deployment/demo-ml-rest-api"
KUBERNETES = "kubernetes.default.svc.cluster.local:443"
CONNECT = """
import socket, sys
host, _, port = sys.argv[1].rpartition(":")
try:
    socket.create_connection((socket.gethostbyname(host), int(port)), timeout=2)
except TimeoutError:
    print("no answer")
else:
    print("connected")
"""


@pytest.fixture(scope="module", autouse=True)
def _enforced(cluster: Cluster) -> Iterator[None]:
    """Enforce NetworkPolicies while the tests of this file run."""
    with enforced_policies(cluster):
        yield


def peer(namespace: Namespace, name: str) -> dict[str, Any]:
    """Return the NetworkPolicy peer of the pods with a label in a namespace."""
    return {
        "podSelector": {"matchLabels": {"app": name}},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}},
    }


def start_pods(namespace: Namespace, *names: str) -> None:
    """Start pods that idle, each with its name as a label."""
    pods = [pod(name, "sleep", "infinity") for name in names]
    for each, name in zip(pods, names, strict=True):
        each["metadata"]["labels"] = {"app": name}
    namespace.apply(*pods)
    ready = ("--for=condition=Ready", "--timeout=120s")
    namespace.kubectl("wait", *ready, *(f"pod/{name}" for name in names))


def connects(namespace: Namespace, origin: str, target: str) -> bool:
    """Return whether a pod, which can resolve any name, can connect to a target (host:port)."""
    printed = namespace.kubectl("exec", origin, "--", "python", "-c", CONNECT, target).strip()
    assert printed in ("connected", "no answer")
    return printed == "connected"


def wait_until(connected: bool, namespace: Namespace, origin: str, *targets: str) -> None:
    """Wait until a pod can connect to each of the targets, or to none of them."""
    for target in targets:
        eventually(lambda to=target: connects(namespace, origin, to) is connected, within=30)  # type: ignore[misc]


def policy_options(namespace: Namespace, folder: Path) -> tuple[str, ...]:
    """Return the options of a release that lets in the pods caller and prometheus."""
    policy = {
        "enabled": True,
        "ingressFrom": [peer(namespace, "caller")],
        "metricsFrom": [peer(namespace, "prometheus")],
    }
    values = folder / "policy.yaml"
    values.write_text(yaml.safe_dump({"networkPolicy": policy}))
    return "--values", str(values)


def service(namespace: Namespace, port: int) -> str:
    """Return the address of a port of the release's Service."""
    return f"demo-ml-rest-api.{namespace.name}.svc.cluster.local:{port}"


def test_policy_lets_in_callers_and_lets_out_dns_alone(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    start_pods(namespace, "caller", "prometheus", "other")
    module = module_options(tmp_path, "open", MODULE)
    namespace.install("demo", *module)
    api = service(namespace, 8888)  # /metrics too
    outside = (f"toolbox.{toolbox.namespace.name}.svc.cluster.local:8000", KUBERNETES)
    for origin in ("caller", "prometheus", "other"):
        wait_until(True, namespace, origin, api)
    wait_until(True, namespace, DEPLOYMENT, *outside)

    namespace.upgrade("demo", *module, *policy_options(namespace, tmp_path))
    wait_until(False, namespace, "other", api)
    wait_until(False, namespace, DEPLOYMENT, *outside)
    assert connects(namespace, "caller", api)
    assert connects(namespace, "prometheus", api)
    assert not connects(namespace, "other", api)
    namespace.helm("test", "demo", "--timeout=120s")
    (running,) = namespace.pods("demo")  # the kubelet's probes come through
    assert is_ready(running)
    assert running["status"]["containerStatuses"][0]["restartCount"] == 0


def test_port_of_the_metrics_is_for_prometheus_alone(namespace: Namespace, tmp_path: Path) -> None:
    start_pods(namespace, "caller", "prometheus")
    options = (*module_options(tmp_path, "open", MODULE), "--set", "settings.METRICS_PORT=9090")
    namespace.install("demo", *options)
    api, metrics = service(namespace, 8888), service(namespace, 9090)
    for origin in ("caller", "prometheus"):
        wait_until(True, namespace, origin, api, metrics)

    namespace.upgrade("demo", *options, *policy_options(namespace, tmp_path))
    wait_until(False, namespace, "caller", metrics)
    wait_until(False, namespace, "prometheus", api)
    assert connects(namespace, "caller", api)
    assert connects(namespace, "prometheus", metrics)


def test_model_is_fetched_through_the_policy(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    toolbox.serve("policy.tar.gz", VALID)
    fetch = fetch_options(toolbox.address("policy.tar.gz"), VALID)
    start_pods(namespace, "caller")
    namespace.install("demo", *fetch, *policy_options(namespace, tmp_path))
    wait_until(True, namespace, "caller", service(namespace, 8888), KUBERNETES)
    wait_until(False, namespace, DEPLOYMENT, KUBERNETES)
