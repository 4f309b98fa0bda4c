"""The commands in the chart's notes lead to the reason why a pod does not become ready."""

import re
import shlex
from pathlib import Path

import pytest

from e2e.cluster import HELM, CommandError, Namespace
from e2e.releases import module_options
from tests.helpers import eventually

FAILING = """
    def init():
        raise OSError("no such weights")

    def run(input_data):
        return 1
"""
HUNGRY = """
    def init():
        global weights
        weights = b"x" * (400 * 2**20)

    def run(input_data):
        return 1
"""
FILLS_DISK = """
    def init():
        with open("/tmp/weights", "wb") as file:
            file.write(b"x" * (50 * 2**20))

    def run(input_data):
        return 1
"""

# The module and values of a release, and texts that the commands print.
CASES: dict[str, tuple[str, str, list[str]]] = {
    "not-ready": (
        FAILING,
        "resources.requests.memory=64Mi",
        [
            "Model failed to load: init() failed at ml_trained_model.py, line 3: OSError",
            "no such weights",
        ],
    ),
    "no-image": (FAILING, "image.tag=absent", ["ErrImagePull", ":absent"]),
    "no-memory": (
        HUNGRY,
        "resources.limits.memory=200Mi,resources.requests.memory=100Mi",
        [
            "OOMKilled",
            "the container's limit is 200 MiB: increase resources.limits.memory",
            "Back-off restarting failed container",
        ],
    ),
    "evicted": (
        FILLS_DISK,
        "tmpSizeLimit=10Mi",
        ["Evicted", 'Usage of EmptyDir volume "tmp" exceeds the limit "10Mi"'],
    ),
}


@pytest.fixture(scope="module")
def namespace(shared_namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Namespace:
    folder: Path = tmp_path_factory.mktemp("model")
    for release, (source, values, _) in CASES.items():
        options = module_options(folder, release, source)
        shared_namespace.install(release, *options, "--set", values, wait=False)
    return shared_namespace


def follow_notes(namespace: Namespace, release: str) -> str:
    """Return the output of the commands that find a reason."""
    notes = namespace.helm("get", "notes", release)
    found = re.findall(r"^  kubectl (.* (?:get|describe|logs) .*)$", notes, re.MULTILINE)
    assert len(found) == 4
    return "\n".join(namespace.try_kubectl(*shlex.split(command)) for command in found)


@pytest.mark.parametrize("release", CASES)
def test_notes_lead_to_the_reason(namespace: Namespace, release: str) -> None:
    for text in CASES[release][2]:
        eventually(lambda text=text: text in follow_notes(namespace, release), within=90)  # type: ignore[misc]


def test_container_that_runs_out_of_memory_counts_as_restarted(namespace: Namespace) -> None:
    (pod,) = namespace.pods("no-memory")
    (status,) = pod["status"]["containerStatuses"]
    assert 0 < status["restartCount"] < 10  # with a back-off


def test_notes_lead_to_a_quota(namespace: Namespace) -> None:
    namespace.kubectl("create", "quota", "cpu", "--hard=limits.cpu=4")
    namespace.install("quota", wait=False)
    eventually(lambda: "must specify limits.cpu" in follow_notes(namespace, "quota"), within=30)


def test_request_above_the_limit_is_rejected_before_anything_is_installed(
    namespace: Namespace,
) -> None:
    with pytest.raises(CommandError, match=r"requests.memory \(256Mi\) is greater than .*200Mi"):
        namespace.install("rejected", "--set", "resources.limits.memory=200Mi", wait=False)
    assert "rejected" not in namespace.cluster.run(HELM, "list", "--all-namespaces", "--short")
