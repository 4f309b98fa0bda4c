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
from app.predictor.versions import sklearn_version_of_pickle, training_versions, version_mismatches
from tests.helpers import ROOT


def estimator() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_joblib_file_has_the_version_of_scikit_learn_in_every_compression(
    tmp_path: Path, compress: Any
) -> None:
    file = tmp_path / "model.joblib"
    joblib.dump(estimator(), file, compress=compress)
    assert sklearn_version_of_pickle(file) == sklearn.__version__


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_has_it_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"model": estimator()}, protocol=protocol))
    assert sklearn_version_of_pickle(file) == sklearn.__version__


def test_it_is_found_across_the_border_of_two_chunks(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    for distance in range(0, 40, 3):
        file.write_bytes(b"\0" * (2**20 - distance) + pickle.dumps(estimator()))
        assert sklearn_version_of_pickle(file) == sklearn.__version__


@pytest.mark.parametrize("content", [b"", b"\x78", b"\x78\x9cgarbage", b"BZgarbage", b"\x1f\x8bno"])
def test_a_file_that_is_not_a_pickle_has_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(content)
    assert sklearn_version_of_pickle(file) is None


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


def test_what_is_not_a_file_is_not_searched(tmp_path: Path) -> None:
    (tmp_path / "folder.pkl").mkdir()
    os.mkfifo(tmp_path / "pipe.joblib")
    assert versions_beside(tmp_path / "fraud.py") == []


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


@pytest.mark.parametrize("content", ["{", "[]", '{"labels": []}'])
def test_a_file_about_something_else_is_not_a_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "fraud.json").write_text(content)
    assert versions_beside(tmp_path / "fraud.py") == []


def test_an_empty_folder_names_no_versions(tmp_path: Path) -> None:
    assert versions_beside(tmp_path / "fraud.py") == []
