import bz2
import gzip
import lzma
import os
import pickle
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from app.predictor.pickled_version import sklearn_version_of_pickle

MIB = 2**20
VERSION = sklearn.__version__


def estimator() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_joblib_file_has_the_version_of_scikit_learn_in_every_compression(
    tmp_path: Path, compress: Any
) -> None:
    file = tmp_path / "model.joblib"
    joblib.dump(estimator(), file, compress=compress)
    assert sklearn_version_of_pickle(file) == VERSION


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_has_it_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(pickle.dumps({"model": estimator()}, protocol=protocol))
    assert sklearn_version_of_pickle(file) == VERSION


def test_it_is_found_across_the_border_of_two_chunks(tmp_path: Path) -> None:
    file = tmp_path / "model.pkl"
    for distance in range(0, 40, 3):
        file.write_bytes(b"\0" * (2**20 - distance) + pickle.dumps(estimator()))
        assert sklearn_version_of_pickle(file) == VERSION


@pytest.mark.parametrize(
    "content",
    [b"", b"\x78", b"\x78\x9cgarbage", b"BZgarbage", b"\x1f\x8bno", b"\xfd7zXZ\0no", b"\x5d\x00no"],
)
def test_a_file_that_is_not_a_pickle_has_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(content)
    assert sklearn_version_of_pickle(file) is None


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "zlib": zlib.compress,
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_it_is_found_behind_much_that_compresses_well_without_the_memory_for_it(
    tmp_path: Path, name: str
) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(COMPRESSIONS[name](b"\0" * 20 * MIB + pickle.dumps(estimator())))
    tracemalloc.start()
    try:
        assert sklearn_version_of_pickle(file) == VERSION
        assert tracemalloc.get_traced_memory()[1] < 10 * MIB  # LZMA needs 9
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_only_the_start_of_a_large_content_is_searched(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.predictor.pickled_version._MAX_SEARCHED", MIB)
    file = tmp_path / "model.pkl"
    file.write_bytes(COMPRESSIONS[name](b"\0" * 3 * MIB + pickle.dumps(estimator())))
    assert sklearn_version_of_pickle(file) is None


@pytest.mark.parametrize("name", [name for name in COMPRESSIONS if name != "none"])
def test_only_the_start_of_a_large_compressed_file_is_searched(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.predictor.pickled_version._MAX_COMPRESSED", MIB)
    file = tmp_path / "model.pkl"
    file.write_bytes(COMPRESSIONS[name](os.urandom(2 * MIB) + pickle.dumps(estimator())))
    assert sklearn_version_of_pickle(file) is None


def test_a_large_dictionary_is_not_allocated(tmp_path: Path) -> None:
    file = tmp_path / "model.joblib"
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**28}]
    file.write_bytes(lzma.compress(pickle.dumps(estimator()), filters=filters))
    assert sklearn_version_of_pickle(file) is None


@pytest.mark.parametrize("name", [name for name in COMPRESSIONS if name != "none"])
def test_it_is_found_in_a_file_that_is_cut_off_after_it(tmp_path: Path, name: str) -> None:
    file = tmp_path / "model.pkl"
    content = COMPRESSIONS[name](pickle.dumps(estimator()) + os.urandom(2 * MIB))
    file.write_bytes(content[:MIB])
    assert sklearn_version_of_pickle(file) == VERSION


@pytest.mark.parametrize(
    "text", [b"_sklearn_version\x94\x8c\x051.2.3\n", b"_sklearn_versionX\5\0\0\x001.2.3"]
)
def test_what_follows_it_is_no_part_of_it(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "model.pkl"
    file.write_bytes(text)
    assert sklearn_version_of_pickle(file) == "1.2.3"


def test_what_is_not_a_file_or_cannot_be_read_has_none(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "link", "circle", "pipe", "absent", "a" * 300):
        assert sklearn_version_of_pickle(tmp_path / name) is None
