"""Releases under traffic: a Service with a nodePort, two pods, a constant prediction."""

from pathlib import Path

from e2e.cluster import NODE_PORT, Namespace
from tests.helpers import eventually, write_module

ROW = {"x": 2.5}
TWO_PODS = ("--set", f"replicaCount=2,service.type=NodePort,service.nodePort={NODE_PORT}")

_CONSTANT_MODULE = """
    def sample():
        return {{"x": 1.5}}

    def run(input_data):
        return {prediction!r}
"""


def module_options(folder: Path, name: str, source: str) -> tuple[str, str]:
    """Return the options of a release with this model module."""
    return "--set-file", f"model.module={write_module(folder / name, source)}"


def constant_module_options(folder: Path, prediction: str) -> tuple[str, str]:
    """Return the options of a release whose model always makes this prediction."""
    source = _CONSTANT_MODULE.format(prediction=prediction)
    return module_options(folder, prediction[:20], source)


def pod_uids(namespace: Namespace) -> set[str]:
    """Return the UIDs of the pods; a replacement pod has a new one."""
    return {pod["metadata"]["uid"] for pod in namespace.pods("demo")}


def wait_for_ready_pods(namespace: Namespace, count: int) -> None:
    """Wait until exactly `count` pods exist, all of them ready and none terminating."""
    selector = "--selector=app.kubernetes.io/instance=demo"

    def settled() -> bool:
        pods = namespace.get("pods", selector)["items"]
        ready = [
            each["status"]
            for pod in pods
            for each in pod["status"].get("conditions", [])
            if each["type"] == "Ready"
        ]
        return len(pods) == count and ready == ["True"] * count

    eventually(settled, within=120)
