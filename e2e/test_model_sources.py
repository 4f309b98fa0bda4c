"""Every source of a model except the image itself, with valid and invalid content."""

import hashlib
import io
import tarfile
from pathlib import Path
from textwrap import dedent

import pytest

from e2e.cluster import IMAGE, Cluster, Namespace, run
from e2e.pods import Pod, has_started, is_ready, termination_message, wait_for_pod
from e2e.releases import module_options
from e2e.toolbox import Toolbox
from tests.helpers import eventually, write_module

# Characters that are special to templates, shells or YAML and must be returned unchanged.
SPECIAL_TEXT = "{{ .Values }} {{/* ' */}} $(HOME) $$ \\t \" # ü: -"
MODULE = f"""
    def sample():
        return {{"x": 1.5}}

    def run(input_data):
        return {{"answer": 42 * input_data["x"], "text": {SPECIAL_TEXT!r}}}
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
    """Return a compressed tar archive that contains MODULE under every name."""
    content = dedent(MODULE).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


VALID = tar("ml_trained_model.py")
PATH_TRAVERSAL = tar("ml_trained_model.py", "../ml_trained_model.py")


@pytest.fixture(scope="module")
def model_image(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A user's own image, with a model and nothing of this project."""
    folder = tmp_path_factory.mktemp("image")
    write_module(folder, MODULE)
    (folder / "Dockerfile").write_text("FROM python:3.13-slim\nCOPY *.py /models/\n")
    image = "ml-rest-api-model:e2e"
    run("docker", "build", "--tag", image, folder)
    cluster.load(image)
    return image


def predicts(namespace: Namespace, toolbox: Toolbox, expected: object) -> bool:
    """Check that the release `demo` returns exactly the expected prediction for x = 2.5."""
    response = toolbox.predict(namespace.url("demo"), {"x": 2.5})
    assert (response.status, response.json) == (200, expected)
    return True


def test_a_module_by_set_file(namespace: Namespace, toolbox: Toolbox, tmp_path: Path) -> None:
    namespace.install("demo", *module_options(tmp_path, "fraud", MODULE))
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": SPECIAL_TEXT})


def test_a_module_with_a_binary_file(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    line = tmp_path / "line.base64"
    line.write_text(run("docker", "run", "--rm", IMAGE, "python", "-c", dedent(TRAIN)))
    binary = ("--set-file", f"model.binaryFiles.line\\.joblib={line}")
    namespace.install("demo", *module_options(tmp_path, "binary", BINARY_MODULE), *binary)
    assert predicts(namespace, toolbox, {"answer": 112.0})


def test_an_existing_config_map(namespace: Namespace, toolbox: Toolbox, tmp_path: Path) -> None:
    file = write_module(tmp_path, MODULE)
    namespace.kubectl("create", "configmap", "mine", f"--from-file={file}")
    namespace.install("demo", "--set", "model.existingConfigMap=mine")
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": SPECIAL_TEXT})


def test_an_image_that_copies_the_model(
    namespace: Namespace, toolbox: Toolbox, model_image: str
) -> None:
    image = f"model.initContainer.image={model_image}"
    command = "model.initContainer.command={cp,--recursive,/models/.,/mnt/models}"
    namespace.install("demo", "--set", image, "--set", command)
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": SPECIAL_TEXT})


def test_a_tar_over_http(namespace: Namespace, toolbox: Toolbox) -> None:
    toolbox.serve("good.tar.gz", VALID)
    namespace.install("demo", *fetch_options(toolbox.address("good.tar.gz"), VALID))
    assert predicts(namespace, toolbox, {"answer": 105.0, "text": SPECIAL_TEXT})


@pytest.mark.parametrize(
    ("content", "expected", "reason"),
    [
        pytest.param(VALID, PATH_TRAVERSAL, "its sha256 is ", id="wrong-sha256"),
        pytest.param(None, VALID, "the server answered 404 ", id="missing"),
        pytest.param(
            PATH_TRAVERSAL, PATH_TRAVERSAL, "escapes the target directory", id="path-traversal"
        ),
    ],
)
def test_failed_fetch_reports_the_reason_and_leaves_no_files(
    namespace: Namespace, toolbox: Toolbox, content: bytes | None, expected: bytes, reason: str
) -> None:
    name = f"{namespace.name}.tar.gz"
    if content is not None:
        toolbox.serve(name, content)
    url = toolbox.address(name)
    namespace.install("demo", *fetch_options(url, expected), wait=False)

    pod = wait_for_pod(namespace, "demo", is_waiting_after_two_failures)
    message = termination_message(pod)
    assert message.startswith(f"Cannot fetch the model {url}: ")
    assert reason in message
    assert "\n" not in message.strip()
    assert not is_ready(pod)
    volume = f"/var/lib/kubelet/pods/{pod['metadata']['uid']}/volumes/kubernetes.io~empty-dir/model"
    node = pod["spec"]["nodeName"]
    # The next attempt may be running.
    eventually(lambda: namespace.cluster.on_node(node, "ls", "-A", volume) == "")


def test_readiness_reports_why_a_model_fails_to_load_if_the_container_runs_on(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    failing = module_options(tmp_path, "failing", FAILING_MODULE)
    values = "settings.INIT_RETRIES=0,settings.EXIT_AFTER_FAILED_LOAD=false"
    namespace.install("demo", *failing, "--set", values, wait=False)
    pod = wait_for_pod(namespace, "demo", has_started)
    readiness = toolbox.get(f"http://{pod['status']['podIP']}:8888/api/readiness")
    assert (readiness.status, readiness.json["state"]) == (503, "failed")
    assert readiness.json["reason"].endswith("OSError")
    logged = f"{readiness.json['reason']}: no such weights"
    assert logged in namespace.kubectl("logs", pod["metadata"]["name"])
    assert not is_ready(pod)


def is_waiting_after_two_failures(pod: Pod) -> bool:
    """Return whether the download failed twice and is not running now."""
    fetches = pod["status"].get("initContainerStatuses", [])
    return any(each["restartCount"] and "waiting" in each["state"] for each in fetches)


def fetch_options(url: str, expected: bytes) -> tuple[str, ...]:
    """Return the options of a release that downloads a file with this content."""
    sha256 = hashlib.sha256(expected).hexdigest()
    return ("--set", f"model.uri={url}", "--set", f"model.sha256={sha256}")
