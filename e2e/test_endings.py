"""Models that are slow to answer, slow to load, or take more memory than there is."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.cluster import CommandError, Namespace
from e2e.pods import eventual_pod, has_started, is_ready
from e2e.releases import module, uids
from e2e.toolbox import Answer, Toolbox
from tests.helpers import eventually

SLOW_ANSWER = """
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
HUNGRY = """
    def sample():
        return {"mebibytes": 1}

    def run(input_data):
        return len(b"x" * (input_data["mebibytes"] * 2**20))
"""


def test_a_prediction_under_way_is_answered_though_its_pod_is_deleted(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    namespace.install("demo", *module(tmp_path, "slow", SLOW_ANSWER))
    (before,) = uids(namespace)
    pod = namespace.pods("demo")[0]["metadata"]["name"]
    with ThreadPoolExecutor(1) as pool:
        # Longer than the sleep before SIGTERM, so that the process itself waits for it.
        under_way = pool.submit(toolbox.predict, namespace.url("demo"), {"seconds": 20.0})
        pending = "ml_rest_api_predictions_pending 1.0"
        eventually(lambda: pending in toolbox.get(f"{namespace.url('demo')}/metrics").text)
        namespace.kubectl("delete", "pod", pod, "--wait=false")
        answer = under_way.result(60)
    assert (answer.status, answer.json) == (200, "done")
    eventually(lambda: before not in uids(namespace))


def test_a_model_that_loads_for_a_minute_is_left_alone_until_it_is_ready(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    namespace.install("demo", *module(tmp_path, "loading", SLOW_LOAD), wait=False)
    loading = eventual_pod(namespace, "demo", has_started)
    assert not is_ready(loading)
    assert toolbox.get(f"http://{loading['status']['podIP']}:8888/api/liveness").status == 200
    ready = eventual_pod(namespace, "demo", is_ready)
    assert ready["metadata"]["uid"] == loading["metadata"]["uid"]
    assert ready["status"]["containerStatuses"][0]["restartCount"] == 0
    assert toolbox.predict(namespace.url("demo"), {}).json == "loaded"


def test_a_pod_that_is_out_of_memory_comes_back(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    limit = ("--set", "resources.limits.memory=300Mi")
    namespace.install("demo", *module(tmp_path, "hungry", HUNGRY), *limit)
    with pytest.raises(CommandError):  # nobody is left to answer
        toolbox.predict(namespace.url("demo"), {"mebibytes": 1000})
    answer = eventually(lambda: asked(namespace, toolbox), within=60)
    assert (answer.status, answer.json) == (200, 2**20)


def asked(namespace: Namespace, toolbox: Toolbox) -> Answer | None:
    try:
        answer = toolbox.predict(namespace.url("demo"), {"mebibytes": 1})
    except CommandError:
        return None
    return answer if answer.status == http.client.OK else None
