"""Models that predict slowly, load slowly, or exceed the memory limit."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.cluster import CommandError, Namespace
from e2e.pods import has_started, is_ready, wait_for_pod
from e2e.releases import module_options, pod_uids
from e2e.toolbox import Response, Toolbox
from tests.helpers import eventually

SLOW_PREDICTION = """
    import time

    def sample():
        return {"seconds": 0.0}

    def run(input_data):
        time.sleep(input_data["seconds"])
        return "done"
"""
SLOW_LOAD = """
    import time

    def init():
        time.sleep(60)

    def run(input_data):
        return "loaded"
"""
MEMORY_HUNGRY = """
    def sample():
        return {"mebibytes": 1}

    def run(input_data):
        return len(b"x" * (input_data["mebibytes"] * 2**20))
"""


def test_running_prediction_completes_when_its_pod_is_deleted(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    namespace.install("demo", *module_options(tmp_path, "slow", SLOW_PREDICTION))
    (before,) = pod_uids(namespace)
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    with ThreadPoolExecutor(1) as pool:
        # Longer than the sleep before SIGTERM, so that the process itself has to wait.
        running = pool.submit(toolbox.predict, namespace.url("demo"), {"seconds": 20.0})
        pending = "ml_rest_api_predictions_pending 1.0"
        eventually(lambda: pending in toolbox.get(f"{namespace.url('demo')}/metrics").text)
        namespace.kubectl("delete", "pod", pod, "--wait=false")
        response = running.result(60)
    assert (response.status, response.json) == (200, "done")
    eventually(lambda: before not in pod_uids(namespace))


def test_pod_is_not_restarted_while_its_model_loads_for_a_minute(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    namespace.install("demo", *module_options(tmp_path, "loading", SLOW_LOAD), wait=False)
    loading = wait_for_pod(namespace, "demo", has_started)
    assert not is_ready(loading)
    assert toolbox.get(f"http://{loading['status']['podIP']}:8888/api/liveness").status == 200
    ready = wait_for_pod(namespace, "demo", is_ready)
    assert ready["metadata"]["uid"] == loading["metadata"]["uid"]
    assert ready["status"]["containerStatuses"][0]["restartCount"] == 0
    assert toolbox.predict(namespace.url("demo"), {}).json == "loaded"


def test_pod_recovers_after_running_out_of_memory(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    limit = ("--set", "resources.limits.memory=300Mi")
    namespace.install("demo", *module_options(tmp_path, "hungry", MEMORY_HUNGRY), *limit)
    with pytest.raises(CommandError):  # the process is killed before it responds
        toolbox.predict(namespace.url("demo"), {"mebibytes": 1000})
    response = eventually(lambda: try_predict(namespace, toolbox), within=60)
    assert (response.status, response.json) == (200, 2**20)
    (pod,) = namespace.pods("demo")
    if pod["status"]["containerStatuses"][0]["restartCount"] == 0:  # with cgroup version 1
        log = namespace.kubectl("logs", pod["metadata"]["name"])
        assert "was killed while it served: out of memory. It used" in log
        assert "limit is 300 MiB: increase resources.limits.memory" in log


def try_predict(namespace: Namespace, toolbox: Toolbox) -> Response | None:
    try:
        response = toolbox.predict(namespace.url("demo"), {"mebibytes": 1})
    except CommandError:
        return None
    return response if response.status == http.client.OK else None
