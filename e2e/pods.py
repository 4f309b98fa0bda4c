"""Wait for pods of a release, and read their status."""

from collections.abc import Callable
from typing import Any

from e2e.cluster import Namespace
from tests.helpers import eventually

Pod = dict[str, Any]


def wait_for_pod(namespace: Namespace, release: str, condition: Callable[[Pod], bool]) -> Pod:
    """Wait until a pod of a release meets a condition, and return the pod."""
    found: list[Pod] = eventually(
        lambda: [pod for pod in namespace.pods(release) if condition(pod)], within=90
    )
    return found[0]


def has_started(pod: Pod) -> bool:
    """Return whether the startup probe has succeeded."""
    return any(each.get("started") for each in pod["status"].get("containerStatuses", []))


def is_ready(pod: Pod) -> bool:
    """Return whether the pod is ready for requests."""
    conditions = {each["type"]: each["status"] for each in pod["status"]["conditions"]}
    return bool(conditions["Ready"] == "True")


def termination_message(pod: Pod) -> str:
    """Return the termination message of a container, as `kubectl describe` shows it."""
    status = pod["status"]
    for each in status.get("containerStatuses", []) + status.get("initContainerStatuses", []):
        for state in (each["state"], each["lastState"]):
            if "terminated" in state:
                return str(state["terminated"].get("message", ""))
    return ""
