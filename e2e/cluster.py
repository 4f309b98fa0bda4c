"""A kind cluster for the tests, and namespaces in it, managed with kind, kubectl and helm."""

import contextlib
import fcntl
import json
import os
import re
import shlex
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.helpers import ROOT

NAME = os.environ.get("E2E_CLUSTER", "ml-rest-api-e2e")
NODE_IMAGE = os.environ.get("KIND_NODE_IMAGE", "kindest/node:v1.34.4")
BASE = os.environ.get("BASE_IMAGE", "python:3.13-slim")  # base of the project's image
HELM = os.environ.get("HELM", "helm")
CHART = ROOT / "charts" / "ml-rest-api"
IMAGE = "ml-rest-api:e2e"
NODE_PORT = 30888
_TEST_LABEL = "ml-rest-api/e2e=true"
_RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


class CommandError(Exception):
    """A command failed; the message contains the command and its output."""


def run(
    *command: str | Path,
    stdin: bytes = b"",
    environ: dict[str, str] | None = None,
    within: float = 600,
) -> str:
    """Run a command and return its standard output.

    Raises:
        CommandError: the exit code is not 0.

    """
    line = [str(part) for part in command]
    done = subprocess.run(
        line, input=stdin, env=environ, capture_output=True, timeout=within, check=False
    )
    if done.returncode:
        output = (done.stdout + done.stderr).decode(errors="replace")
        raise CommandError(f"{shlex.join(line)} exited with code {done.returncode}:\n{output}")
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True)
class Cluster:
    """The cluster, accessed with its own kubeconfig, so that the user's is not modified."""

    kubeconfig: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment for commands that must access only this cluster."""
        others = {name: os.environ[name] for name in os.environ if not name.startswith("HELM_")}
        return {**others, "KUBECONFIG": str(self.kubeconfig)}

    def run(self, *command: str | Path, stdin: bytes = b"") -> str:
        """Run a command against this cluster."""
        return run(*command, stdin=stdin, environ=self.environ)

    def kubectl(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run kubectl."""
        return self.run("kubectl", *arguments, stdin=stdin)

    def kind(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run a kind command that takes the name of the cluster."""
        return self.run("kind", *arguments, "--name", NAME, stdin=stdin)

    @property
    def nodes(self) -> list[str]:
        """The worker nodes; each is a Docker container with the same name."""
        return [name for name in self.kind("get", "nodes").split() if "control-plane" not in name]

    def load(self, image: str) -> None:
        """Copy an image from Docker to the nodes."""
        self.kind("load", "docker-image", image, "--nodes", ",".join(self.nodes))

    def on_node(self, node: str, *command: str) -> str:
        """Run a command on a node."""
        return run("docker", "exec", node, *command)

    @property
    def node_port_address(self) -> str:
        """The address on this machine of a Service with the nodePort NODE_PORT, as host:port."""
        return run("docker", "port", f"{NAME}-control-plane", f"{NODE_PORT}/tcp").split()[0]

    def is_alive(self) -> bool:
        """Return whether the cluster exists and works; it does not survive a restart of Docker."""
        if NAME not in run("kind", "get", "clusters").split():
            return False
        try:
            self.kind("export", "kubeconfig", "--kubeconfig", self.kubeconfig)
            self.kubectl("get", "--raw=/readyz", "--request-timeout=10s")
            self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=20s")
            return bool(self.node_port_address)
        except CommandError:
            return False

    def create(self) -> None:
        """Create the cluster, replacing a broken one; map a free port of this machine to NODE_PORT."""
        self.delete()
        config = (ROOT / "k8s" / "kind.yaml").read_text()
        config = config.replace(f"hostPort: {NODE_PORT}", "hostPort: 0")
        create = ("create", "cluster", "--kubeconfig", self.kubeconfig, "--image", NODE_IMAGE)
        self.kind(*create, "--config=-", "--wait=180s", stdin=config.encode())

    def delete(self) -> None:
        """Delete the cluster or its remains."""
        self.kind("delete", "cluster", "--kubeconfig", self.kubeconfig)


@contextlib.contextmanager
def exclusive_lock() -> Iterator[None]:
    """Lock the cluster for this run.

    Raises:
        BlockingIOError: another run holds the lock.

    """
    with (Path(tempfile.gettempdir()) / f"{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def kind_cluster(folder: Path) -> Iterator[Cluster]:
    """Yield the cluster; if it has to be created, delete it at the end unless E2E_KEEP=1."""
    cluster = Cluster(folder / "kubeconfig")
    created = not cluster.is_alive()
    if created:
        cluster.create()
    try:
        coredns = ("rollout", "status", "deployment/coredns", "--timeout=180s")
        cluster.kubectl("--namespace=kube-system", *coredns)
        cluster.kubectl("delete", "namespace", f"--selector={_TEST_LABEL}")  # of a killed run
        yield cluster
    finally:
        if created and os.environ.get("E2E_KEEP") != "1":
            cluster.delete()


@dataclass(frozen=True)
class Namespace:
    """A namespace that enforces the restricted Pod Security Standard."""

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run kubectl in this namespace."""
        return self.cluster.kubectl("--namespace", self.name, *arguments, stdin=stdin)

    def helm(self, *arguments: str | Path) -> str:
        """Run helm in this namespace."""
        return self.cluster.run(HELM, "--namespace", self.name, *arguments)

    def get(self, *arguments: str) -> Any:
        """Return the parsed output of `kubectl get`."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects."""
        items = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(items).encode())

    def install(self, release: str, *options: str | Path, **wait_options: Any) -> None:
        """Install the chart with this project's image; `_deploy` has the wait options."""
        self._deploy("install", release, *options, **wait_options)

    def upgrade(self, release: str, *options: str | Path, **wait_options: Any) -> None:
        """Upgrade a release; values that are not given are reset to the chart's."""
        self._deploy("upgrade", release, *options, **wait_options)

    def _deploy(
        self,
        command: str,
        release: str,
        *options: str | Path,
        wait: bool = True,
        timeout: str = "180s",
        as_shipped: bool = False,
    ) -> None:
        """Deploy a release; unless `as_shipped`, a pod counts as available once it is ready."""
        wait_flags = ("--wait", f"--timeout={timeout}") if wait else ()
        values = f"image.tag={IMAGE.partition(':')[2]}"
        if not as_shipped:
            values += ",minReadySeconds=0"
        self.helm(command, release, CHART, "--set", values, *options, *wait_flags)

    def url(self, release: str) -> str:
        """Return the URL of a release's Service inside the cluster."""
        return f"http://{release}-ml-rest-api.{self.name}.svc.cluster.local:8888"

    def pods(self, release: str) -> list[dict[str, Any]]:
        """Return the pods of a release that are not terminating."""
        found = self.get("pods", f"--selector=app.kubernetes.io/instance={release}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def describe(self) -> str:
        """Return the events, descriptions and logs that help to debug a failure."""
        parts = [self.try_kubectl("get", "events", "--sort-by=.lastTimestamp")]
        parts.append(self.try_kubectl("describe", "pods,services"))
        for pod in re.findall(r"\S+", self.try_kubectl("get", "pods", "--output=name")):
            logs = ("logs", pod, "--all-containers", "--prefix", "--tail=200")
            parts += [self.try_kubectl(*logs), self.try_kubectl(*logs, "--previous")]
        return "\n\n".join(parts)

    def try_kubectl(self, *arguments: str) -> str:
        """Run kubectl and return its output, or its error."""
        try:
            return self.kubectl(*arguments)
        except (CommandError, subprocess.TimeoutExpired) as error:
            return str(error)


@contextlib.contextmanager
def open_namespace(cluster: Cluster, purpose: str) -> Iterator[Namespace]:
    """Create a namespace for a purpose; its pods may still be terminating after the block."""
    namespace = Namespace(cluster, f"{purpose[:50]}-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", namespace.name)
    cluster.kubectl("label", "namespace", namespace.name, _TEST_LABEL, _RESTRICTED)
    open_namespaces.append(namespace)
    try:
        yield namespace
    finally:
        open_namespaces.remove(namespace)
        namespace.kubectl("delete", "services", "--all")  # frees the nodePort for the next test
        cluster.kubectl("delete", "namespace", namespace.name, "--wait=false")


open_namespaces: list[Namespace] = []
