"""Every source of a model but the image's own, good and broken."""

import hashlib
import io
import tarfile
from pathlib import Path
from textwrap import dedent

import pytest

from e2e.cluster import IMAGE, Cluster, Namespace, run
from e2e.pods import Pod, eventual_pod, has_started, is_ready, last_words
from e2e.releases import module
from e2e.toolbox import Toolbox
from tests.helpers import eventually, write_module

# Text that a template engine, a shell or YAML would trip over, to come back as it is.
TRICKY = "{{ .Values }} {{/* ' */}} $(HOME) $$ \\t \" # ü: -"
MODULE = f"""
    def sample():
        return {{"x": 1.5}}

    def run(input_data):
        return {{"answer": 42 * input_data["x"], "text": {TRICKY!r}}}
"""
FAILING_MODULE = """
    def init():
        raise OSError("no such weights")

    def run(input_data):
        return {}
"""
BINARY_MODULE = """
    from pathlib import Path

    import joblib

    def sample():
        return {"x": 1.5}

    def init():
        global model
        model = joblib.load(Path(__file__).with_name("line.joblib"))

    def run(input_data):
        return {"answer": round(model.predict([[input_data["x"]]])[0], 6)}
"""
TRAIN = """
    import base64, io, joblib
    from sklearn.linear_model import LinearRegression

    line = io.BytesIO()
    joblib.dump(LinearRegression().fit([[0], [1], [2]], [7, 49, 91]), line)
    print(base64.encodebytes(line.getvalue()).decode())
"""


def tar(*names: str) -> bytes:
    """Return a compressed tar with MODULE under every name."""
    content = dedent(MODULE).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


GOOD = tar("ml_trained_model.py")
CLIMBING = tar("ml_trained_model.py", "../ml_trained_model.py")


@pytest.fixture(scope="module")
def model_image(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image of somebody's own: a model, and nothing of this project."""
    folder = tmp_path_factory.mktemp("image")
    write_module(folder, MODULE)
    (folder / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY *.py /models/\n")
    image = "ml-rest-api-model:e2e"
    run("docker", "build", "--tag", image, folder)
    cluster.load(image)
    return image


def predicts(namespace: Namespace, toolbox: Toolbox, answer: object) -> bool:
    """Tell whether the release `demo` answers x = 2.5 with exactly this."""
    said = toolbox.predict(namespace.url("demo"), {"x": 2.5})
    assert (said.status, said.json) == (200, answer)
    return True


def test_a_module_by_set_file(namespace: Namespace, toolbox: Toolbox, tmp_path: Path) -> None:
    namespace.install("demo", *module(tmp_path, "fraud", MODULE))
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": TRICKY})


def test_a_module_with_a_binary_file(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    line = tmp_path / "line.base64"
    line.write_text(run("docker", "run", "--rm", IMAGE, "python", "-c", dedent(TRAIN)))
    binary = ("--set-file", f"model.binaryFiles.line\\.joblib={line}")
    namespace.install("demo", *module(tmp_path, "binary", BINARY_MODULE), *binary)
    assert predicts(namespace, toolbox, {"answer": 112.0})


def test_an_existing_config_map(namespace: Namespace, toolbox: Toolbox, tmp_path: Path) -> None:
    file = write_module(tmp_path, MODULE)
    namespace.kubectl("create", "configmap", "mine", f"--from-file={file}")
    namespace.install("demo", "--set", "model.existingConfigMap=mine")
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": TRICKY})


def test_an_image_that_copies_the_model(
    namespace: Namespace, toolbox: Toolbox, model_image: str
) -> None:
    image = f"model.initContainer.image={model_image}"
    command = "model.initContainer.command={cp,--recursive,/models/.,/mnt/models}"
    namespace.install("demo", "--set", image, "--set", command)
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": TRICKY})


def test_a_tar_over_http(namespace: Namespace, toolbox: Toolbox) -> None:
    toolbox.serve("good.tar.gz", GOOD)
    namespace.install("demo", *fetching(toolbox.address("good.tar.gz"), GOOD))
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": TRICKY})


@pytest.mark.parametrize(
    ("content", "expected", "reason"),
    [
        pytest.param(GOOD, CLIMBING, "its sha256 is ", id="wrong-sha256"),
        pytest.param(None, GOOD, "the server answered 404 ", id="missing"),
        pytest.param(CLIMBING, CLIMBING, "leads out of the folder", id="climbing"),
    ],
)
def test_a_failed_fetch_says_why_and_leaves_nothing(
    namespace: Namespace, toolbox: Toolbox, content: bytes | None, expected: bytes, reason: str
) -> None:
    name = f"{namespace.name}.tar.gz"
    if content is not None:
        toolbox.serve(name, content)
    url = toolbox.address(name)
    namespace.install("demo", *fetching(url, expected), wait=False)

    pod = eventual_pod(namespace, "demo", waits_after_two_failures)
    message = last_words(pod)
    assert message.startswith(f"Cannot fetch the model {url}: ")
    assert reason in message
    assert "\n" not in message.strip()
    assert not is_ready(pod)
    volume = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/model"
    node = pod["spec"]["nodeName"]
    # The next try may be under way.
    eventually(lambda: namespace.cluster.on_node(node, "ls", "-A", volume) == "")


def test_a_model_that_fails_to_load_says_why(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    failing = module(tmp_path, "failing", FAILING_MODULE)
    namespace.install("demo", *failing, "--set", "settings.INIT_RETRIES=0", wait=False)
    pod = eventual_pod(namespace, "demo", has_started)
    readiness = toolbox.get(f"http://{pod['status']['podIP']}:8888/api/readiness")
    assert (readiness.status, readiness.json["state"]) == (503, "failed")
    assert readiness.json["reason"].endswith("OSError: no such weights")
    assert readiness.json["reason"] in namespace.kubectl("logs", pod["metadata"]["name"])
    assert not is_ready(pod)


def waits_after_two_failures(pod: Pod) -> bool:
    """Tell whether the fetch failed, again when tried again, and is not running now."""
    fetches = pod["status"].get("initContainerStatuses", [])
    return any(each["restartCount"] and "waiting" in each["state"] for each in fetches)


def fetching(url: str, expected: bytes) -> tuple[str, ...]:
    """Return the options of a release that fetches a file with this content."""
    sha256 = hashlib.sha256(expected).hexdigest()
    return ("--set", f"model.uri={url}", "--set", f"model.sha256={sha256}")
