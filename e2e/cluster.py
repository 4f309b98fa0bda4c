"""A kind cluster of our own and namespaces in it, by the commands that people use."""

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
BASE = os.environ.get("BASE_IMAGE", "python:3.13-slim")  # of the image
HELM = os.environ.get("HELM", "helm")
CHART = ROOT / "charts" / "ml-rest-api"
IMAGE = "ml-rest-api:e2e"
NODE_PORT = 30888
_OURS = "ml-rest-api/e2e=true"
_RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


class CommandError(Exception):
    """A command failed: the message is the command and all that it said."""


def run(
    *command: str | Path,
    stdin: bytes = b"",
    environ: dict[str, str] | None = None,
    within: float = 600,
) -> str:
    """Run a command to its end and return its standard output.

    Raises:
        CommandError: it ended with another code than 0.

    """
    line = [str(word) for word in command]
    done = subprocess.run(
        line, input=stdin, env=environ, capture_output=True, timeout=within, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise CommandError(f"{shlex.join(line)} ended with {done.returncode}:\n{said}")
    return done.stdout.decode(errors="replace")


@dataclass(frozen=True)
class Cluster:
    """The cluster, reached by a kubeconfig of its own: the user's is left alone."""

    kubeconfig: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of commands that are to find this cluster, and nothing else."""
        others = {name: os.environ[name] for name in os.environ if not name.startswith("HELM_")}
        return {**others, "KUBECONFIG": str(self.kubeconfig)}

    def run(self, *command: str | Path, stdin: bytes = b"") -> str:
        """Run a command that talks to this cluster."""
        return run(*command, stdin=stdin, environ=self.environ)

    def kubectl(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run kubectl."""
        return self.run("kubectl", *arguments, stdin=stdin)

    def kind(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run one of kind's commands that take the cluster's name."""
        return self.run("kind", *arguments, "--name", NAME, stdin=stdin)

    @property
    def nodes(self) -> list[str]:
        """The nodes that pods run on; each is a Docker container of that name."""
        return [name for name in self.kind("get", "nodes").split() if "control-plane" not in name]

    def load(self, image: str) -> None:
        """Copy an image from Docker to the nodes."""
        self.kind("load", "docker-image", image, "--nodes", ",".join(self.nodes))

    def on_node(self, node: str, *command: str) -> str:
        """Run a command on a node."""
        return run("docker", "exec", node, *command)

    @property
    def node_port_address(self) -> str:
        """Where a Service with the nodePort NODE_PORT answers on this machine, as host:port."""
        return run("docker", "port", f"{NAME}-control-plane", f"{NODE_PORT}/tcp").split()[0]

    def is_alive(self) -> bool:
        """Tell whether it is there and works: it does not survive a restart of Docker."""
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
        """Create it, in place of a dead one; any free port of this machine leads to NODE_PORT."""
        self.delete()
        config = (ROOT / "k8s" / "kind.yaml").read_text()
        config = config.replace(f"hostPort: {NODE_PORT}", "hostPort: 0")
        create = ("create", "cluster", "--kubeconfig", self.kubeconfig, "--image", NODE_IMAGE)
        self.kind(*create, "--config=-", "--wait=180s", stdin=config.encode())

    def delete(self) -> None:
        """Delete it, or what is left of it."""
        self.kind("delete", "cluster", "--kubeconfig", self.kubeconfig)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep the cluster to this run.

    Raises:
        BlockingIOError: another run has it.

    """
    with (Path(tempfile.gettempdir()) / f"{NAME}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def kind_cluster(folder: Path) -> Iterator[Cluster]:
    """Yield the cluster: one that is there, or a new one, which is deleted but for E2E_KEEP=1."""
    cluster = Cluster(folder / "kubeconfig")
    made = not cluster.is_alive()
    if made:
        cluster.create()
    try:
        coredns = ("rollout", "status", "deployment/coredns", "--timeout=180s")
        cluster.kubectl("--namespace=kube-system", *coredns)
        cluster.kubectl("delete", "namespace", f"--selector={_OURS}")  # of a run that was killed
        yield cluster
    finally:
        if made and os.environ.get("E2E_KEEP") != "1":
            cluster.delete()


@dataclass(frozen=True)
class Namespace:
    """A namespace, which lets in what the restricted Pod Security Standard allows."""

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run kubectl in this namespace."""
        return self.cluster.kubectl("--namespace", self.name, *arguments, stdin=stdin)

    def helm(self, *arguments: str | Path) -> str:
        """Run helm in this namespace."""
        return self.cluster.run(HELM, "--namespace", self.name, *arguments)

    def get(self, *arguments: str) -> Any:
        """Return what `kubectl get` finds."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Apply objects."""
        items = {"apiVersion": "v1", "kind": "List", "items": objects}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(items).encode())

    def install(self, release: str, *options: str | Path, **waiting: Any) -> None:
        """Install the chart with this project's image; see `_deploy` for how it waits."""
        self._deploy("install", release, *options, **waiting)

    def upgrade(self, release: str, *options: str | Path, **waiting: Any) -> None:
        """Upgrade a release; values that are not given are the chart's."""
        self._deploy("upgrade", release, *options, **waiting)

    def _deploy(
        self,
        command: str,
        release: str,
        *options: str | Path,
        wait: bool = True,
        timeout: str = "180s",
    ) -> None:
        waiting = ("--wait", f"--timeout={timeout}") if wait else ()
        tag = f"image.tag={IMAGE.partition(':')[2]}"
        self.helm(command, release, CHART, "--set", tag, *options, *waiting)

    def url(self, release: str) -> str:
        """Return where pods of the cluster reach a release's Service."""
        return f"http://{release}-ml-rest-api.{self.name}.svc.cluster.local:8888"

    def pods(self, release: str) -> list[dict[str, Any]]:
        """Return the pods of a release that are not about to end."""
        found = self.get("pods", f"--selector=app.kubernetes.io/instance={release}")["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def describe(self) -> str:
        """Return what people look at when something does not work."""
        parts = [self._try("get", "events", "--sort-by=.lastTimestamp")]
        parts.append(self._try("describe", "pods,services"))
        for pod in re.findall(r"\S+", self._try("get", "pods", "--output=name")):
            logs = ("logs", pod, "--all-containers", "--prefix", "--tail=200")
            parts += [self._try(*logs), self._try(*logs, "--previous")]
        return "\n\n".join(parts)

    def _try(self, *arguments: str) -> str:
        try:
            return self.kubectl(*arguments)
        except (CommandError, subprocess.TimeoutExpired) as error:
            return str(error)


@contextlib.contextmanager
def open_namespace(cluster: Cluster, purpose: str) -> Iterator[Namespace]:
    """Make a namespace for a purpose; its pods may still be ending when this returns."""
    namespace = Namespace(cluster, f"{purpose[:50]}-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", namespace.name)
    cluster.kubectl("label", "namespace", namespace.name, _OURS, _RESTRICTED)
    open_namespaces.append(namespace)
    try:
        yield namespace
    finally:
        open_namespaces.remove(namespace)
        namespace.kubectl("delete", "services", "--all")  # the next one gets their nodePort
        cluster.kubectl("delete", "namespace", namespace.name, "--wait=false")


open_namespaces: list[Namespace] = []
