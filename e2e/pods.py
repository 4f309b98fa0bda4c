"""What tests look at in a release's pods."""

from collections.abc import Callable
from typing import Any

from e2e.cluster import Namespace
from tests.helpers import eventually

Pod = dict[str, Any]


def eventual_pod(namespace: Namespace, release: str, condition: Callable[[Pod], bool]) -> Pod:
    """Return a pod of a release as soon as it meets a condition."""
    found: list[Pod] = eventually(
        lambda: [pod for pod in namespace.pods(release) if condition(pod)], within=90
    )
    return found[0]


def has_started(pod: Pod) -> bool:
    """Tell whether the service answers its startup probe."""
    return any(each.get("started") for each in pod["status"].get("containerStatuses", []))


def is_ready(pod: Pod) -> bool:
    """Tell whether the pod gets requests."""
    conditions = {each["type"]: each["status"] for each in pod["status"]["conditions"]}
    return bool(conditions["Ready"] == "True")


def last_words(pod: Pod) -> str:
    """Return the message of the last container that ended, as `kubectl describe` shows it."""
    status = pod["status"]
    for each in status.get("containerStatuses", []) + status.get("initContainerStatuses", []):
        for state in (each["state"], each["lastState"]):
            if "terminated" in state:
                return str(state["terminated"].get("message", ""))
    return ""
