"""Samples of the pods under the soak: memory, descriptors, threads, pending predictions."""

import json
import time
from dataclasses import dataclass
from typing import Any

from e2e.cluster import Namespace
from tests.helpers import parse_metrics

# All processes of the service in a container; other programs, such as this one, do not count.
_MEASURE = """
import json, psutil
from pathlib import Path

found = [p for p in psutil.process_iter() if "app/gunicorn.conf.py" in p.cmdline()]
group = Path("/sys/fs/cgroup")
used = group / "memory.current"
if not used.exists():
    used = group / "memory" / "memory.usage_in_bytes"
print(json.dumps({
    "rss": sum(p.memory_info().rss for p in found) / 2**20,
    "container": int(used.read_text()) / 2**20,
    "descriptors": sum(p.num_fds() for p in found),
    "threads": sum(p.num_threads() for p in found),
}))
"""


@dataclass(frozen=True)
class Sample:
    """What a pod used at a time.

    Attributes:
        seconds: since the start of the soak.
        rss: resident memory of the service's processes, in MiB.
        container: memory of the container, with the page cache of its files, in MiB.
        descriptors: open file descriptors of the processes.
        threads: of the processes.
        pending: predictions that run or wait.

    """

    seconds: float
    rss: float
    container: float
    descriptors: int
    threads: int
    pending: int


class Sampler:
    """Samples the pods of a release, which must stay the same."""

    def __init__(self, namespace: Namespace, release: str) -> None:
        """Sample the pods that the release has now."""
        self._namespace = namespace
        self._release = release
        self._start = time.monotonic()
        self._failed_before = 0
        self.samples: dict[str, list[Sample]] = {
            str(pod["metadata"]["name"]): [] for pod in namespace.pods(release)
        }

    @property
    def seconds(self) -> float:
        """The time since the start."""
        return time.monotonic() - self._start

    def sample(self) -> None:
        """Add a sample of each pod."""
        for pod, samples in self.samples.items():
            measured = json.loads(
                self._namespace.kubectl("exec", pod, "--", "python", "-c", _MEASURE)
            )
            proxy = f"/api/v1/namespaces/{self._namespace.name}/pods/{pod}:8888/proxy/metrics"
            metrics = parse_metrics(self._namespace.kubectl("get", f"--raw={proxy}"))
            pending = int(metrics["ml_rest_api_predictions_pending",])
            samples.append(Sample(self.seconds, **measured, pending=pending))

    def restarts(self) -> int:
        """Return how often a container has restarted, or a pod was replaced."""
        pods: list[dict[str, Any]] = self._namespace.pods(self._release)
        replaced = {pod["metadata"]["name"] for pod in pods} ^ self.samples.keys()
        statuses = [status for pod in pods for status in pod["status"]["containerStatuses"]]
        return len(replaced) + sum(int(status["restartCount"]) for status in statuses)

    def failed_probes(self) -> int:
        """Return how often a probe has failed."""
        events = self._namespace.get("events", "--field-selector=reason=Unhealthy")["items"]
        return sum(int(event.get("count") or 1) for event in events) - self._failed_before

    def ignore_failed_probes(self) -> None:
        """Count the probes that fail from now on: while a pod starts, some do."""
        self._failed_before = self.failed_probes()
