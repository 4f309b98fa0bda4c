"""Packages of a user's own, such as XGBoost, in images built from this one."""

import base64
import re
from pathlib import Path
from textwrap import dedent

import pytest

from e2e.cluster import BASE, IMAGE, Cluster, CommandError, Namespace, run
from e2e.releases import module_options
from e2e.test_model_sources import predicts
from e2e.toolbox import Toolbox
from tests.helpers import ROOT, write_module

REQUIREMENTS = "xgboost-cpu\n"
MODULE = """
    from pathlib import Path

    import joblib
    import xgboost  # the pickle imports it, too

    def sample():
        return {"x": 1.5}

    def init():
        global model
        model = joblib.load(Path(__file__).with_name("fraud.joblib"))

    def run(input_data):
        assert isinstance(model, xgboost.XGBRegressor)
        return {"answer": round(float(model.predict([[input_data["x"]]])[0]), 3)}
"""
TRAIN = """
    import base64, io, joblib
    from xgboost import XGBRegressor

    exact = XGBRegressor(n_estimators=1, learning_rate=1, min_child_weight=0, reg_lambda=0)
    file = io.BytesIO()
    joblib.dump(exact.fit([[0], [2]], [7, 49]), file)
    print(base64.encodebytes(file.getvalue()).decode())
"""
PREDICTION = {"answer": 49.0}


def build(folder: Path, name: str, dockerfile: str) -> str:
    """Build an image from a folder, with the Dockerfile of a user, on this project's image."""
    (folder / "Dockerfile").write_text(re.sub(r"(?m)^FROM .*", f"FROM {IMAGE}", dedent(dockerfile)))
    image = f"ml-rest-api-{name}:e2e"
    run("docker", "build", "--tag", image, folder)
    return image


@pytest.fixture(scope="module")
def dockerfiles() -> list[str]:
    """The Dockerfiles of the README: with the model, and with its packages alone."""
    section = (ROOT / "README.md").read_text().partition("### Packages of your own")[2]
    found = re.findall(r"^    FROM .*\n(?:    .*\n)+", section, flags=re.MULTILINE)[:2]
    assert [len(each.splitlines()) for each in found] == [3, 3]
    return found


@pytest.fixture(scope="module")
def packages(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory, dockerfiles: list[str]
) -> str:
    """An image with XGBoost, and without the model."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    image = build(folder, "packages", dockerfiles[1])
    cluster.load(image)
    return image


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, packages: str) -> Path:
    """The folder of a model, trained with this XGBoost."""
    folder = tmp_path_factory.mktemp("fraud")
    write_module(folder, MODULE, "fraud")
    (folder / "requirements.txt").write_text(REQUIREMENTS)
    trained = run("docker", "run", "--rm", packages, "python", "-c", dedent(TRAIN))
    (folder / "fraud.joblib").write_bytes(base64.decodebytes(trained.encode()))
    return folder


def test_an_image_of_a_folder_by_one_command(
    namespace: Namespace, toolbox: Toolbox, model: Path
) -> None:
    image = "ml-rest-api-fraud:e2e"
    output = run("make", "-C", ROOT, "image", f"BASE={BASE}", f"MODEL={model}", f"IMAGE={image}")
    assert f"kind load docker-image {image}" in output
    namespace.cluster.load(image)
    namespace.install("demo", "--set", "image.repository=ml-rest-api-fraud")
    assert predicts(namespace, toolbox, PREDICTION)


def test_an_image_with_packages_and_a_model_in_the_values(
    namespace: Namespace, toolbox: Toolbox, model: Path, tmp_path: Path
) -> None:
    encoded = tmp_path / "fraud.base64"
    encoded.write_bytes(base64.encodebytes((model / "fraud.joblib").read_bytes()))
    binary = ("--set-file", f"model.binaryFiles.fraud\\.joblib={encoded}")
    image = ("--set", "image.repository=ml-rest-api-packages")
    namespace.install("demo", *image, *module_options(tmp_path, "fraud", MODULE), *binary)
    assert predicts(namespace, toolbox, PREDICTION)


def test_an_image_of_three_lines_contains_the_model(model: Path, dockerfiles: list[str]) -> None:
    image = build(model, "three-lines", dockerfiles[0])
    options = ("--rm", "--read-only", "--env=TRAINED_MODEL_MODULE_NAME=fraud")
    output = run("docker", "run", *options, image, "python", "-m", "app", "check")
    assert output.startswith("The model is ready")


def test_packages_of_the_service_keep_their_versions(
    packages: str, tmp_path: Path, dockerfiles: list[str]
) -> None:
    freeze = ("sh", "-c", "pip freeze --path /venv/lib/python*/site-packages")
    before, after = (run("docker", "run", "--rm", image, *freeze) for image in (IMAGE, packages))
    assert "numpy==" in before
    assert after == before
    (tmp_path / "requirements.txt").write_text("numpy<2\n")
    with pytest.raises(CommandError, match=r"(?s)requested numpy<2.*\(constraint\) numpy==2"):
        build(tmp_path, "conflict", dockerfiles[1])
