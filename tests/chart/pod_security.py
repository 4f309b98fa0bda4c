"""Check the "restricted" Pod Security Standard, as the admission controller does."""

from typing import Any

_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range", "net.ipv4.tcp_syncookies",
}  # fmt: skip
_PROFILES = ("RuntimeDefault", "Localhost")


def violations(spec: dict[str, Any]) -> list[str]:
    """Return the violations of the standard in a pod's specification."""
    pod = spec.get("securityContext", {})
    found = [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += [
        f"volume {volume['name']}"
        for volume in spec.get("volumes", [])
        if not set(volume) - {"name"} <= _VOLUMES
    ]
    found += [
        f"sysctl {each['name']}" for each in pod.get("sysctls", []) if each["name"] not in _SYSCTLS
    ]
    if pod.get("runAsUser") == 0:
        found.append("the pod runs as root")
    containers = spec["containers"] + spec.get("initContainers", [])
    for container in containers:
        found += [f"{container['name']}: {rule}" for rule in _violated_rules(container, pod)]
    return found


def _violated_rules(container: dict[str, Any], pod: dict[str, Any]) -> list[str]:
    own = container.get("securityContext", {})
    capabilities = own.get("capabilities", {})
    non_root = own.get("runAsNonRoot", pod.get("runAsNonRoot"))
    profile = own.get("seccompProfile", pod.get("seccompProfile", {})).get("type")
    rules = {
        "privileged": not own.get("privileged"),
        "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
        "capabilities.drop": "ALL" in capabilities.get("drop", []),
        "capabilities.add": set(capabilities.get("add", [])) <= {"NET_BIND_SERVICE"},
        "runAsNonRoot": non_root is True,
        "runAsUser": own.get("runAsUser") != 0,
        "seccompProfile": profile in _PROFILES,
        "procMount": own.get("procMount", "Default") == "Default",
        "hostPort": not any(port.get("hostPort") for port in container.get("ports", [])),
    }
    return [rule for rule, holds in rules.items() if not holds]
