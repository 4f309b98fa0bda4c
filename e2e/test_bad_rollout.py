"""A release that cannot work never replaces one that does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import CommandError, Namespace
from e2e.pods import Pod, eventual_pod, is_ready
from e2e.releases import ROW, TWO_PODS, module, module_with_answer, uids, wait_until_pods_are
from e2e.traffic import Traffic, traffic

DEADLINE = "25s"
SAMPLE = "def sample():\n    return {'x': 1.5}\n"
GOOD_RUN = "def run(input_data):\n    return 'new'\n"
CASES = '{"cases": [{"input": {"x": 1.5}, "output": "something else"}]}'

# What the new release is, and what the log of its pods says.
BAD = {
    "init() raises": (
        f"{SAMPLE}{GOOD_RUN}def init():\n    raise OSError('no model')\n",
        (),
        "Model failed to load: init() failed at ml_trained_model.py, line 6: OSError: no model",
    ),
    "the self-test fails": (
        f"{SAMPLE}def run(input_data):\n    return input_data['y']\n",
        (),
        "Model failed to load: Self-test with sample(): run() failed: KeyError: 'y'",
    ),
    "a golden case is missed": (
        f"{SAMPLE}{GOOD_RUN}",
        ("--set-json", f"model.files={json.dumps({'ml_trained_model.cases.json': CASES})}"),
        "golden case 1 of ml_trained_model.cases.json is answered otherwise",
    ),
    "the file is not there": (
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
    shared_namespace.install("demo", *TWO_PODS, *module_with_answer(folder, "old"))
    return shared_namespace


@pytest.fixture(scope="module")
def background(namespace: Namespace) -> Iterator[Traffic]:
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        yield background


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_release_stalls_says_why_and_is_rolled_back_without_a_lost_request(
    namespace: Namespace, background: Traffic, tmp_path: Path, fault: str
) -> None:
    source, options, line = BAD[fault]
    old = uids(namespace)
    what = module(tmp_path, "new", source) if source else ()
    with background.window(fault) as window:
        with pytest.raises(CommandError):
            namespace.upgrade("demo", *TWO_PODS, *what, *options, timeout=DEADLINE)
        bad = eventual_pod(namespace, "demo", lambda pod: pod["metadata"]["uid"] not in old)
        assert not is_ready(bad)
        assert line in _log(namespace, bad)
        assert old <= uids(namespace)
        namespace.helm("rollback", "demo", "--wait", "--timeout=120s")
        wait_until_pods_are(namespace, 2)
    assert uids(namespace) == old
    assert window.requests
    assert not window.failures
    assert set(window.answers) == {"old"}


def _log(namespace: Namespace, pod: Pod) -> str:
    return namespace.kubectl("logs", pod["metadata"]["name"])
