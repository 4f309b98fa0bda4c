"""Which files are archives."""

import bz2
import gzip
import lzma
from pathlib import Path

import pytest

from app.errors import ArchiveError
from app.fetch.unpack import archive_kind
from tests.fetch.sites import tar_of, zip_of


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("fraud.py", b"pass\n", None),
        ("empty.py", b"", None),
        ("model.joblib.gz", gzip.compress(b"joblib" * 1000), None),
        ("model.bz2", bz2.compress(b"x" * 1000), None),
        ("model.xz", lzma.compress(b"x" * 1000), None),
        ("truncated.gz", gzip.compress(b"x" * 1000)[:12], None),
        ("arrays.npz", zip_of({"a.npy": b""}), None),
        ("model.skops", zip_of({"schema.json": b""}), None),
        ("model.zip", zip_of({"a": b""}), "zip"),
        ("model-1.2", zip_of({"a": b""}), "zip"),
        ("model.tar.gz", zip_of({"a": b""}), "zip"),
        ("model.zip", tar_of({"a": b""}), "tar"),
        ("model.py", tar_of({"a": b""}, "xz"), "tar"),
    ],
    ids=lambda value: (
        "content" if isinstance(value, bytes) else str(value)
    ),  # gzip contains the time
)
def test_the_kind_of_an_archive_comes_from_its_content(
    tmp_path: Path, name: str, content: bytes, kind: str | None
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert archive_kind(tmp_path / "file", name) == kind


@pytest.mark.parametrize("name", ["m.tar.zst", "m.tgz", "m.ZIP", "m.7z"])
def test_a_file_named_like_an_archive_must_be_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"\x28\xb5\x2f\xfd and more")
    with pytest.raises(ArchiveError, match=f"'{name}' is named like an archive"):
        archive_kind(tmp_path / "file", name)
