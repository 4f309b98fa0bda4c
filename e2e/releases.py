"""Releases under traffic: a Service on a nodePort, two pods, a model with a known answer."""

from pathlib import Path

from e2e.cluster import NODE_PORT, Namespace
from tests.helpers import eventually, write_module

ROW = {"x": 2.5}
TWO_PODS = ("--set", f"replicaCount=2,service.type=NodePort,service.nodePort={NODE_PORT}")

_ANSWERING = """
    def sample():
        return {{"x": 1.5}}

    def run(input_data):
        return {answer!r}
"""


def module(folder: Path, name: str, source: str) -> tuple[str, str]:
    """Return the options of a release with this model module."""
    return "--set-file", f"model.module={write_module(folder / name, source)}"


def module_with_answer(folder: Path, answer: str) -> tuple[str, str]:
    """Return the options of a release whose model answers this."""
    return module(folder, answer, _ANSWERING.format(answer=answer))


def uids(namespace: Namespace) -> set[str]:
    """Return the pods' identities, which no restart survives."""
    return {pod["metadata"]["uid"] for pod in namespace.pods("demo")}


def wait_until_pods_are(namespace: Namespace, count: int) -> None:
    """Wait until so many pods are there, all ready, and those that were told to end have."""
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
