"""Enforces the NetworkPolicies of the cluster, where its network does not."""

import contextlib
from collections.abc import Iterator
from typing import Any

from e2e.cluster import Cluster, CommandError, Namespace
from e2e.go_image import GoProgram, require_go

_MODULE = "sigs.k8s.io/kube-network-policies"
_AGENT = GoProgram("kube-network-policies", _MODULE, "v0.8.0", f"{_MODULE}/cmd")
_NAME = _AGENT.name
# The agent decides about the first packet of a connection, which its nftables rules hand to it.
# Kernels without CONFIG_NFT_QUEUE reject these rules; this one does the same on all kernels.
_TO_AGENT = (
    *("POSTROUTING", "--table=mangle", "--match=conntrack", "--ctstate=NEW"),
    *("--match=addrtype", "!", "--src-type=LOCAL"),  # the kubelet's probes
    *("--jump=NFQUEUE", "--queue-num=100", "--queue-bypass"),
)


@contextlib.contextmanager
def enforced_policies(cluster: Cluster) -> Iterator[None]:
    """Enforce NetworkPolicies: by kind's own network, or by an agent on each worker node."""
    system = Namespace(cluster, "kube-system")
    if _has_kindnet(system):
        yield
        return
    require_go()
    _AGENT.load(cluster)
    try:
        system.apply(_role(), _role_binding(), _service_account(), _daemon_set())
        system.kubectl("rollout", "status", f"daemonset/{_NAME}", "--timeout=120s")
        for node in cluster.nodes:
            cluster.on_node(node, "iptables", "--append", *_TO_AGENT)
        yield
    finally:
        for kind in ("daemonset", "clusterrolebinding", "clusterrole", "serviceaccount"):
            system.kubectl("delete", f"{kind}/{_NAME}", "--ignore-not-found")
        gone = ("--for=delete", "pod", f"--selector=app={_NAME}", "--timeout=60s")
        system.kubectl("wait", *gone)
        for node in cluster.nodes:  # the agent leaves its own rules
            cluster.on_node(node, "iptables", "--delete", *_TO_AGENT)
            cluster.on_node(node, "nft", f"add table inet {_NAME}; delete table inet {_NAME}")


def _has_kindnet(system: Namespace) -> bool:
    """Return whether the network is that of the node images that kind publishes."""
    try:
        system.get("daemonset", "kindnet")
    except CommandError:
        return False
    return True


def _role() -> dict[str, Any]:
    resources = {"": ["pods", "namespaces"], "networking.k8s.io": ["networkpolicies"]}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _NAME},
        "rules": [
            {"apiGroups": [group], "resources": names, "verbs": ["list", "watch"]}
            for group, names in resources.items()
        ],
    }


def _role_binding() -> dict[str, Any]:
    account = {"kind": "ServiceAccount", "name": _NAME, "namespace": "kube-system"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": _NAME},
        "roleRef": role,
        "subjects": [account],
    }


def _service_account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _NAME}}


def _daemon_set() -> dict[str, Any]:
    labels = {"app": _NAME}
    node_name = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    container = {
        "name": "agent",
        "image": _AGENT.image,
        "imagePullPolicy": "Never",
        "args": ["--hostname-override=$(NODE_NAME)"],
        "env": [{"name": "NODE_NAME", "valueFrom": node_name}],
        "securityContext": {"privileged": True},
    }
    spec = {
        "hostNetwork": True,
        "serviceAccountName": _NAME,
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": _NAME},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
