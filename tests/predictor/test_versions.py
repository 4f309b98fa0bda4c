import json
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
def test_joblibs_files_tell_scikit_learns_version_however_compressed(
    tmp_path: Path, compress: Any
) -> None:
    file = tmp_path / "model.joblib"
    joblib.dump(estimator(), file, compress=compress)
    assert sklearn_version_of_pickle(file) == sklearn.__version__


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_of_every_protocol_tell_it(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"model": estimator()}, protocol=protocol))
    assert sklearn_version_of_pickle(file) == sklearn.__version__


def test_it_is_found_across_the_border_of_two_parts(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    for distance in range(0, 40, 3):
        file.write_bytes(b"\0" * (2**20 - distance) + pickle.dumps(estimator()))
        assert sklearn_version_of_pickle(file) == sklearn.__version__


@pytest.mark.parametrize("content", [b"", b"\x78", b"\x78\x9cgarbage", b"BZgarbage", b"\x1f\x8bno"])
def test_a_file_that_is_no_pickle_tells_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(content)
    assert sklearn_version_of_pickle(file) is None


def test_the_record_goes_before_the_pickles(tmp_path: Path) -> None:
    joblib.dump(estimator(), tmp_path / "model.joblib")
    (tmp_path / "fraud.json").write_text('{"made_with": {"scikit-learn": "0.24.2"}}')
    assert training_versions(tmp_path / "fraud.py") == {"scikit-learn": "0.24.2"}


def test_without_a_record_a_pickle_beside_the_module_tells(tmp_path: Path) -> None:
    joblib.dump(estimator(), tmp_path / "anything.joblib")
    assert training_versions(tmp_path / "fraud.py") == {"scikit-learn": sklearn.__version__}
    assert version_mismatches(tmp_path / "fraud.py") == []


def test_the_record_of_the_example_agrees_with_what_runs() -> None:
    assert training_versions(ROOT / "model/ml_trained_model.py").keys() >= {
        "python",
        "scikit-learn",
    }
    assert version_mismatches(ROOT / "model/ml_trained_model.py") == []


def test_each_difference_names_both_versions(tmp_path: Path) -> None:
    made = {"scikit-learn": "0.24.2", "absent": "1.0", "joblib": joblib.__version__}
    (tmp_path / "fraud.json").write_text(json.dumps({"made_with": made}))
    assert version_mismatches(tmp_path / "fraud.py") == [
        "absent 1.0 (runs: none)",
        f"scikit-learn 0.24.2 (runs: {sklearn.__version__})",
    ]


def test_another_patch_release_is_no_difference(tmp_path: Path) -> None:
    series = ".".join(sklearn.__version__.split(".")[:2])
    (tmp_path / "fraud.json").write_text(
        json.dumps({"made_with": {"scikit-learn": f"{series}.999"}})
    )
    assert version_mismatches(tmp_path / "fraud.py") == []


def test_a_record_without_versions_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "fraud.json").write_text('{"made_with": []}')
    with pytest.raises(ModelError, match=r"fraud\.json: \"made_with\" is no object"):
        training_versions(tmp_path / "fraud.py")


@pytest.mark.parametrize("content", ["{", "[]", '{"labels": []}'])
def test_a_file_about_something_else_is_no_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "fraud.json").write_text(content)
    assert training_versions(tmp_path / "fraud.py") == {}


def test_a_folder_without_any_trace_tells_nothing(tmp_path: Path) -> None:
    assert training_versions(tmp_path / "fraud.py") == {}
