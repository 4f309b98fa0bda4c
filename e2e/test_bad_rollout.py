"""A failing release never replaces a working one."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import CommandError, Namespace
from e2e.pods import Pod, is_ready, wait_for_pod
from e2e.releases import (
    ROW,
    TWO_PODS,
    constant_module_options,
    module_options,
    pod_uids,
    wait_for_ready_pods,
)
from e2e.traffic import Traffic, traffic
from tests.helpers import eventually

DEADLINE = "25s"
SAMPLE = "def sample():\n    return {'x': 1.5}\n"
GOOD_RUN = "def run(input_data):\n    return 'new'\n"
CASES = '{"cases": [{"input": {"x": 1.5}, "output": "something else"}]}'

# The module and options of the new release, and a line in the log of its pods.
FAILING_RELEASES = {
    "init() raises": (
        f"{SAMPLE}{GOOD_RUN}def init():\n    raise OSError('no model')\n",
        (),
        "Model failed to load: init() failed at ml_trained_model.py, line 6: OSError: no model",
    ),
    "the self-test fails": (
        f"{SAMPLE}def run(input_data):\n    return input_data['y']\n",
        (),
        "Self-test with sample(): run() failed at ml_trained_model.py, line 4: KeyError: 'y'",
    ),
    "a golden case does not match": (
        f"{SAMPLE}{GOOD_RUN}",
        ("--set-json", f"model.files={json.dumps({'ml_trained_model.cases.json': CASES})}"),
        "golden case 1 of ml_trained_model.cases.json does not match",
    ),
    "the module file is missing": (
        "",
        ("--set", "settings.TRAINED_MODEL_MODULE_NAME=absent"),
        "Model module 'absent' is not in the model folder",
    ),
    "loading takes longer than the deadline": (
        f"{SAMPLE}{GOOD_RUN}import time\ndef init():\n    time.sleep(600)\n",
        (),
        "Listening on",
    ),
    "a prediction kills the process": (
        f"{SAMPLE}import os\ndef run(input_data):\n    os._exit(9)\n",
        (),
        "exited with code 9",
    ),
}


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    folder = tmp_path_factory.mktemp("model")
    shared_namespace.install("demo", *TWO_PODS, *constant_module_options(folder, "old"))
    return shared_namespace


@pytest.fixture(scope="module")
def background(namespace: Namespace) -> Iterator[Traffic]:
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        yield background


@pytest.mark.parametrize("case", FAILING_RELEASES)
def test_failing_release_logs_the_reason_and_rolls_back_without_failed_requests(
    namespace: Namespace, background: Traffic, tmp_path: Path, case: str
) -> None:
    source, options, line = FAILING_RELEASES[case]
    old = pod_uids(namespace)
    new = module_options(tmp_path, "new", source) if source else ()
    with background.window(case) as window:
        with pytest.raises(CommandError):
            namespace.upgrade("demo", *TWO_PODS, *new, *options, timeout=DEADLINE)
        bad = wait_for_pod(namespace, "demo", lambda pod: pod["metadata"]["uid"] not in old)
        assert not is_ready(bad)
        eventually(lambda: line in _log(namespace, bad))
        assert old <= pod_uids(namespace)
        namespace.helm("rollback", "demo", "--wait", "--timeout=120s")
        wait_for_ready_pods(namespace, 2)
    assert pod_uids(namespace) == old
    assert window.requests
    assert not window.failures
    assert set(window.predictions) == {"old"}


def _log(namespace: Namespace, pod: Pod) -> str:
    """Return the log of a pod's container, which may have been restarted."""
    name = pod["metadata"]["name"]
    with contextlib.suppress(CommandError):
        return namespace.kubectl("logs", "--previous", name) + namespace.kubectl("logs", name)
    return namespace.kubectl("logs", name)
