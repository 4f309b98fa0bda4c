"""Archives of all kinds, many of them malicious."""

import contextlib
import gzip
import io
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import ArchiveError
from app.fetch.unpack import Limits, archive_kind, unpack
from tests.fetch.sites import files_in, tar_of, zip_of

FILES = {"fraud.py": b"pass\n", "data/größe – 大.json": b"{}", "data/.keep": b""}
LIMITS = Limits(max_bytes=1_000_000, max_entries=100)
INVALID_NAMES = {
    "../evil": "escapes the target directory",
    "data/../../evil": "escapes the target directory",
    "data/..": "escapes the target directory",
    "/evil": "has an absolute name",
    "//evil": "has an absolute name",
    "..\\evil": "has a backslash",
    "a\nb": "or control character",
    ".fetch-x/evil": "nested too deeply or has a reserved name",
    "a/" * 64 + "b": "nested too deeply or has a reserved name",
}
Extract = Callable[..., dict[str, bytes]]
Make = Callable[[dict[str, bytes]], bytes]


@pytest.fixture
def extract(tmp_path: Path) -> Extract:
    """Unpack an archive and return the files; check that none is outside the folder."""

    def extract(archive: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
        file, folder = tmp_path / "archive", tmp_path / "folder"
        file.write_bytes(archive)
        folder.mkdir()
        try:
            count = unpack(file, archive_kind(file, "") or "nothing", folder, limits)
        finally:
            assert {path.name for path in tmp_path.iterdir()} == {"archive", "folder"}
        assert count == len(files_in(folder))
        return files_in(folder)

    return extract


def extract_error(extract: Extract, archive: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(ArchiveError) as error:
        extract(archive, limits)
    return str(error.value)


def tar_with(name: str, kind: bytes, **attributes: object) -> bytes:
    member = tarfile.TarInfo(name)
    member.type = kind
    for key, value in attributes.items():
        setattr(member, key, value)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(member)
    return out.getvalue()


def zip_with(name: str, mode: int) -> bytes:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_tar_is_unpacked(extract: Extract, compression: str) -> None:
    assert extract(tar_of(FILES, compression)) == FILES


def test_a_zip_is_unpacked(extract: Extract) -> None:
    assert extract(zip_of(FILES)) == FILES


def test_a_tar_of_the_current_folder_is_unpacked(extract: Extract, tmp_path: Path) -> None:
    source = tmp_path / "archive"
    source.mkdir()
    (source / "fraud.py").write_bytes(b"pass\n")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(source, ".")
    (source / "fraud.py").unlink()
    source.rmdir()
    assert extract(out.getvalue()) == {"fraud.py": b"pass\n"}


def test_a_name_longer_than_a_tar_header_is_kept(extract: Extract) -> None:
    files = {f"{'d' * 120}/{'f' * 120}": b"x"}
    assert extract(tar_of(files)) == files


def test_file_modes_of_the_archive_are_ignored(extract: Extract, tmp_path: Path) -> None:
    extract(tar_with("run", tarfile.REGTYPE, mode=0o6777))
    assert (tmp_path / "folder" / "run").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(("name", "message"), INVALID_NAMES.items())
@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_an_invalid_name_is_rejected(extract: Extract, make: Make, name: str, message: str) -> None:
    assert message in extract_error(extract, make({"good": b"", name: b"evil"}))


def test_an_invalid_name_is_truncated_and_escaped_in_the_message(extract: Extract) -> None:
    line = extract_error(extract, tar_of({"\x1b" + "x" * 200: b""}))
    assert line.startswith(rf"entry '\x1b{'x' * 79}…' has a")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a fifo"),
        (b"Z", "neither a plain file nor a folder"),
    ],
)
def test_a_special_file_in_a_tar_is_rejected(extract: Extract, kind: bytes, message: str) -> None:
    assert extract_error(extract, tar_with("evil", kind)) == f"entry 'evil' is {message}"


def test_a_sparse_file_is_rejected(extract: Extract) -> None:
    headers = {"GNU.sparse.major": "0", "GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 12}
    archive = tar_with("huge", tarfile.REGTYPE, pax_headers=headers)
    assert "'huge' is neither a plain file nor a folder" in extract_error(extract, archive)


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644])
def test_a_special_file_in_a_zip_is_rejected(extract: Extract, mode: int) -> None:
    message = "a symbolic link" if mode == 0o120777 else "neither a file nor a folder"
    assert extract_error(extract, zip_with("evil", mode)) == f"entry 'evil' is {message}"


def test_an_encrypted_zip_is_rejected(extract: Extract) -> None:
    archive = bytearray(zip_of({"secret": b"x"}))
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    assert extract_error(extract, bytes(archive)) == "entry 'secret' is encrypted"


def test_a_zip_with_another_compression_method_is_rejected(extract: Extract) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", "x")
    assert extract_error(extract, out.getvalue()) == "entry 'x' is neither stored nor deflated"


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_decompression_bomb_is_stopped(extract: Extract, tmp_path: Path, make: Make) -> None:
    bomb = make({"a": bytes(800_000), "b": bytes(50_000_000)})
    assert "more bytes than FETCH_MAX_BYTES allows" in extract_error(extract, bomb)
    assert sum(map(len, files_in(tmp_path / "folder").values())) <= LIMITS.max_bytes


def zip_like_a_tar() -> bytes:
    """Return a zip whose first bytes have the checksum of a tar's header."""
    for number in range(65_536):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a", number.to_bytes(2, "little") + b"\xf0" * 20 + bytes(1000))
        with contextlib.suppress(tarfile.TarError):
            tarfile.TarInfo.frombuf(out.getvalue()[:512], "utf-8", "surrogateescape")
            return out.getvalue()
    raise AssertionError


def test_a_zip_is_no_tar_by_chance(tmp_path: Path) -> None:
    file = tmp_path / "model"
    file.write_bytes(zip_like_a_tar())
    assert archive_kind(file, "model.zip") == "zip"
    assert archive_kind(file, "model.npz") is None


def test_a_zip_with_a_false_size_is_rejected(extract: Extract) -> None:
    bomb = bytearray(zip_of({"a": bytes(50_000_000)}))
    start = bomb.index(b"PK\x01\x02") + 24
    bomb[start : start + 4] = (100).to_bytes(4, "little")
    assert extract_error(extract, bytes(bomb)).startswith("broken archive (BadZipFile: Bad CRC-32")


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_too_many_entries_are_rejected(extract: Extract, make: Make) -> None:
    archive = make({f"{number}": b"" for number in range(101)})
    assert extract_error(extract, archive) == "holds more entries than FETCH_MAX_ENTRIES allows"


@pytest.mark.parametrize("size", [8_000_000_000, -512])
def test_a_header_of_an_invalid_size_is_rejected(extract: Extract, size: int) -> None:
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, size
    archive = tar_of({"a": b""}, "")[:512] + header.tobuf(tarfile.GNU_FORMAT)
    # As Python's version sees it.
    errors = {"a tar header is too long", "broken archive (an invalid header)"}
    assert extract_error(extract, gzip.compress(archive)) in errors


def test_what_follows_a_broken_header_is_missed(extract: Extract) -> None:
    archive = bytearray(tar_of({"a": b"1", "b": b"2"}, ""))
    archive[1024 + 148] ^= 1  # the checksum of the second header
    assert extract_error(extract, bytes(archive)) == "broken archive (an invalid header)"


def test_endlessly_nested_headers_are_rejected(extract: Extract) -> None:
    header = tar_with("again", tarfile.XHDTYPE)[:512]
    line = extract_error(extract, tar_of({"a": b""}, "")[:512] + header * 5000)
    assert line.startswith("broken archive (RecursionError")


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize("second", ["a/b", "a/b/c", "a"])
def test_a_duplicate_name_is_rejected(extract: Extract, make: Make, second: str) -> None:
    archive = make({"a/b": b"1", f"./{second}": b"2"})
    assert "is a duplicate entry" in extract_error(extract, archive)


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_truncated_tar_is_rejected(extract: Extract, compression: str) -> None:
    archive = tar_of({"a": random.Random(1).randbytes(2_000_000)}, compression)
    truncated = archive[: len(archive) * 9 // 10]
    assert extract_error(extract, truncated, Limits(10**7, 10)).startswith("broken archive (")


@pytest.mark.parametrize(
    "archive", [tar_with("empty", tarfile.DIRTYPE), zip_of({"empty/": b""})], ids=["tar", "zip"]
)
def test_an_archive_without_files_is_rejected(extract: Extract, archive: bytes) -> None:
    assert extract_error(extract, archive) == "holds no file"
