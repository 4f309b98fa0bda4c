"""metrics-server in the cluster, from its Go module: the pods' CPU, for the HorizontalPodAutoscaler."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster import HELM, Cluster, CommandError, run
from tests.helpers import ROOT, eventually

_MODULE = "sigs.k8s.io/metrics-server"
_VERSION = "v0.8.0"
_IMAGE = f"registry.k8s.io/metrics-server/metrics-server:{_VERSION}"
_CACHE = Path(os.environ.get("OFFLINE_KIND_CACHE", Path.home() / ".cache" / "offline-kind"))
_DOCKERFILE = b"""
FROM scratch
COPY metrics-server /
ENTRYPOINT ["/metrics-server"]
"""
_RELEASE = ("metrics-server", "--namespace=kube-system")


@contextlib.contextmanager
def metrics_server(cluster: Cluster) -> Iterator[None]:
    """Run metrics-server until the block ends; the first build takes minutes."""
    downloaded = json.loads(run("go", "mod", "download", "-json", f"{_MODULE}@{_VERSION}"))
    chart = Path(downloaded["Dir"]) / "charts" / "metrics-server"
    _build()
    cluster.load(_IMAGE)
    args = "--kubelet-insecure-tls,--metric-resolution=10s,--kubelet-request-timeout=5s"
    uninstall = (HELM, "uninstall", *_RELEASE, "--ignore-not-found")
    cluster.run(*uninstall)  # of a killed run
    try:
        # The API server keeps a connection that it opens before kube-proxy routes the Service.
        for registered in ("false", "true"):
            values = f"args={{{args}}},image.tag={_VERSION},apiService.create={registered}"
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


def _build() -> None:
    program = _CACHE / "bin" / f"metrics-server-{_VERSION}"
    go_build = ROOT / "e2e" / "offline-kind" / "go-build"
    run(go_build, program, _MODULE, _VERSION, f"{_MODULE}/cmd/metrics-server", within=1200)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "metrics-server").hardlink_to(program)
        run("docker", "build", "--tag", _IMAGE, "--file=-", folder, stdin=_DOCKERFILE)
