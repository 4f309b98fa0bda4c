"""metrics-server in the cluster, from its Go module: the pods' CPU, for the HorizontalPodAutoscaler."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster import HELM, Cluster, CommandError, run
from e2e.go_image import GoProgram
from tests.helpers import eventually

_MODULE = "sigs.k8s.io/metrics-server"
_PROGRAM = GoProgram(
    repository="registry.k8s.io/metrics-server/metrics-server",
    module=_MODULE,
    version="v0.8.0",
    package=f"{_MODULE}/cmd/metrics-server",
)
_RELEASE = ("metrics-server", "--namespace=kube-system")


@contextlib.contextmanager
def metrics_server(cluster: Cluster) -> Iterator[None]:
    """Run metrics-server until the block ends; the first build takes minutes."""
    downloaded = json.loads(run("go", "mod", "download", "-json", f"{_MODULE}@{_PROGRAM.version}"))
    chart = Path(downloaded["Dir"]) / "charts" / "metrics-server"
    _PROGRAM.load(cluster)
    args = "--kubelet-insecure-tls,--metric-resolution=10s,--kubelet-request-timeout=5s"
    uninstall = (HELM, "uninstall", *_RELEASE, "--ignore-not-found")
    cluster.run(*uninstall)  # of a killed run
    try:
        # The API server keeps a connection that it opens before kube-proxy routes the Service.
        for registered in ("false", "true"):
            values = f"args={{{args}}},image.tag={_PROGRAM.version},apiService.create={registered}"
            deploy = (HELM, "upgrade", "--install", *_RELEASE, chart, "--set", values)
            cluster.run(*deploy, "--wait", "--timeout=120s")
        eventually(lambda: _has_metrics(cluster), within=60)
        yield
    finally:
        cluster.run(*uninstall)


def _has_metrics(cluster: Cluster) -> bool:
    try:
        return bool(cluster.kubectl("top", "nodes", "--no-headers"))
    except CommandError:
        return False
