import json
import os
import pickle
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.errors import ModelError
from app.predictor.versions import check_versions, training_versions, version_mismatches
from tests.helpers import ROOT


def estimator() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])


def versions_beside(file: Path) -> list[tuple[str, ...]]:
    return [tuple(version) for version in training_versions(file)]


def test_the_record_and_every_pickle_name_versions(tmp_path: Path) -> None:
    joblib.dump(estimator(), tmp_path / "b.joblib")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(estimator()))
    (tmp_path / "fraud.json").write_text('{"made_with": {"scikit-learn": "0.24.2"}}')
    assert versions_beside(tmp_path / "fraud.py") == [
        ("fraud.json", "scikit-learn", "0.24.2"),
        ("a.pkl", "scikit-learn", sklearn.__version__),
        ("b.joblib", "scikit-learn", sklearn.__version__),
    ]


def test_no_pickle_hides_another_of_another_version(tmp_path: Path) -> None:
    current = pickle.dumps(estimator())
    (tmp_path / "a.pkl").write_bytes(current)
    running = sklearn.__version__.encode()
    old = b"0" + running[1:]
    assert current.count(running) > 0
    (tmp_path / "b.pkl").write_bytes(current.replace(running, old))
    assert version_mismatches(tmp_path / "fraud.py") == [
        f"scikit-learn {old.decode()} (runs: {sklearn.__version__}; b.pkl)"
    ]


@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_what_cannot_be_searched_is_no_failed_load(
    tmp_path: Path, policy: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "folder.pkl").mkdir()
    (tmp_path / "folder.joblib").mkdir()
    (tmp_path / "link.joblib").symlink_to("/nowhere/old.joblib")
    (tmp_path / "circle.joblib").symlink_to("circle.joblib")
    os.mkfifo(tmp_path / "pipe.joblib")
    (tmp_path / "fraud.json").mkdir()
    check_versions(tmp_path / "fraud.py", policy)
    assert versions_beside(tmp_path / "fraud.py") == []
    assert caplog.text == ""


def test_a_record_that_is_a_pipe_or_a_link_to_nowhere_has_no_versions(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("/nowhere/fraud.json")
    for name in ("pipe", "link"):
        assert versions_beside(tmp_path / f"{name}.py") == []


def test_the_versions_of_the_example_are_those_that_run() -> None:
    example = ROOT / "model/ml_trained_model.py"
    assert {version.package for version in training_versions(example)} >= {"python", "scikit-learn"}
    assert version_mismatches(example) == []


def test_each_mismatch_names_both_versions_and_the_file(tmp_path: Path) -> None:
    versions = {"scikit-learn": "0.24.2", "absent": "1.0", "joblib": joblib.__version__}
    (tmp_path / "fraud.json").write_text(json.dumps({"made_with": versions}))
    assert version_mismatches(tmp_path / "fraud.py") == [
        "absent 1.0 (runs: none; fraud.json)",
        f"scikit-learn 0.24.2 (runs: {sklearn.__version__}; fraud.json)",
    ]


def test_another_patch_release_is_not_a_mismatch(tmp_path: Path) -> None:
    series = ".".join(sklearn.__version__.split(".")[:2])
    (tmp_path / "fraud.json").write_text(
        json.dumps({"made_with": {"scikit-learn": f"{series}.999"}})
    )
    assert version_mismatches(tmp_path / "fraud.py") == []


def test_a_record_without_versions_is_named(tmp_path: Path) -> None:
    (tmp_path / "fraud.json").write_text('{"made_with": []}')
    with pytest.raises(ModelError, match=r"fraud\.json: \"made_with\" must be an object"):
        version_mismatches(tmp_path / "fraud.py")


NO_RECORDS = ["{", "[]", '{"labels": []}', "[" * 100_000, "", "1" * 5000, '{"made_with": null}']


@pytest.mark.parametrize(
    "content", [*NO_RECORDS, f'{{"made_with": {{"python": "2.7"}}, "w": "{"x" * 2**20}"}}']
)
def test_a_file_about_something_else_is_not_a_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "fraud.json").write_text(content)
    assert versions_beside(tmp_path / "fraud.py") == []


def test_an_empty_folder_names_no_versions(tmp_path: Path) -> None:
    assert versions_beside(tmp_path / "fraud.py") == []


def test_a_package_without_a_name_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "fraud.json").write_text('{"made_with": {"": "1.0", "../x": "2.0"}}')
    assert version_mismatches(tmp_path / "fraud.py") == [
        " 1.0 (runs: none; fraud.json)",
        "../x 2.0 (runs: none; fraud.json)",
    ]
