"""A pod runs within the values that `python -m app size` prints for its model."""

from pathlib import Path

import yaml

from app.api.paths import PREDICT, PREDICT_BATCH
from app.cli.http_client import get_sample
from app.cli.load import Load
from app.codec import encode
from e2e.cluster import NODE_PORT, Namespace
from e2e.pods import termination_message
from e2e.toolbox import pod
from tests.helpers import eventually

ROWS = 4096  # of one request, as `size` measures
# As the kubelet computes a working set; with version 2 and version 1 of cgroups.
WORKING_SET = """
cd /sys/fs/cgroup
if [ -f memory.current ]; then used=memory.current stat=memory.stat inactive=inactive_file
else used=memory/memory.usage_in_bytes stat=memory/memory.stat inactive=total_inactive_file; fi
echo $(( $(cat $used) - $(sed -n "s/^$inactive //p" $stat) ))
"""


def measure_in_cluster(namespace: Namespace) -> str:
    """Return what the command prints for the example model, in a pod of its own."""
    measuring = pod("size", "sh", "-c", "exec python -m app size 2>/dev/termination-log")
    measuring["spec"]["restartPolicy"] = "Never"
    namespace.apply(measuring)

    def phase() -> str:
        found = namespace.get("pod/size")
        assert found["status"]["phase"] != "Failed", termination_message(found)
        return str(found["status"]["phase"])

    eventually(lambda: phase() == "Succeeded", within=300)
    return namespace.kubectl("logs", "pod/size")


def test_pod_runs_within_the_values(namespace: Namespace, tmp_path: Path) -> None:
    values = tmp_path / "size.yaml"
    values.write_text(measure_in_cluster(namespace))
    resources = yaml.safe_load(values.read_text())["resources"]
    request, limit = (
        int(resources[kind]["memory"].removesuffix("Mi")) for kind in ("requests", "limits")
    )
    node_port = f"service.type=NodePort,service.nodePort={NODE_PORT}"
    namespace.install("demo", "--values", values, "--set", node_port)

    address = namespace.cluster.node_port_address
    row = eventually(lambda: get_sample(f"http://{address}"))
    for path, body, clients in (
        (PREDICT, row, 64),
        (PREDICT_BATCH, {"rows": [row] * ROWS}, 16),
    ):
        load = Load(int(address.rpartition(":")[2]), path, encode(body))
        load.run(clients, 10)
        assert len(load.latencies) > clients

    (running,) = namespace.pods("demo")
    assert running["status"]["containerStatuses"][0]["restartCount"] == 0
    show = ("exec", "deployment/demo-ml-rest-api", "--", "sh", "-c", WORKING_SET)
    used = int(namespace.kubectl(*show)) / 2**20
    print(f"request {request} MiB, limit {limit} MiB, working set {used:.0f} MiB")
    assert 0.4 * request < used < limit
