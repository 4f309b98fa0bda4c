"""Archives of all kinds, most of them hostile."""

import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.fetch.unpack import ArchiveError, Limits, archive_kind, unpack
from tests.fetch.sites import files_in, tar_of, zip_of

FILES = {"fraud.py": b"pass\n", "data/größe – 大.json": b"{}", "data/.keep": b""}
ENOUGH = Limits(max_bytes=1_000_000, max_entries=100)
EVIL_NAMES = {
    "../evil": "leads out of the folder",
    "data/../../evil": "leads out of the folder",
    "data/..": "leads out of the folder",
    "/evil": "has an absolute name",
    "//evil": "has an absolute name",
    "..\\evil": "has a backslash",
    "a\nb": "or control character",
    ".fetch-x/evil": "nested too deeply or has a reserved name",
    "a/" * 64 + "b": "nested too deeply or has a reserved name",
}
Unpacking = Callable[..., dict[str, bytes]]
Make = Callable[[dict[str, bytes]], bytes]


@pytest.fixture
def unpacked(tmp_path: Path) -> Unpacking:
    """Unpack an archive and return the files; nothing may come to lie outside the folder."""

    def unpacked(archive: bytes, limits: Limits = ENOUGH) -> dict[str, bytes]:
        file, folder = tmp_path / "archive", tmp_path / "folder"
        file.write_bytes(archive)
        folder.mkdir()
        try:
            count = unpack(file, archive_kind(file, "") or "nothing", folder, limits)
        finally:
            assert {path.name for path in tmp_path.iterdir()} == {"archive", "folder"}
        assert count == len(files_in(folder))
        return files_in(folder)

    return unpacked


def refusal(unpacked: Unpacking, archive: bytes, limits: Limits = ENOUGH) -> str:
    with pytest.raises(ArchiveError) as caught:
        unpacked(archive, limits)
    return str(caught.value)


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
def test_a_tar_is_unpacked(unpacked: Unpacking, compression: str) -> None:
    assert unpacked(tar_of(FILES, compression)) == FILES


def test_a_zip_is_unpacked(unpacked: Unpacking) -> None:
    assert unpacked(zip_of(FILES)) == FILES


def test_a_tar_of_the_current_folder_is_unpacked(unpacked: Unpacking, tmp_path: Path) -> None:
    source = tmp_path / "archive"
    source.mkdir()
    (source / "fraud.py").write_bytes(b"pass\n")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(source, ".")
    (source / "fraud.py").unlink()
    source.rmdir()
    assert unpacked(out.getvalue()) == {"fraud.py": b"pass\n"}


def test_a_name_longer_than_a_tar_header_is_kept(unpacked: Unpacking) -> None:
    files = {f"{'d' * 120}/{'f' * 120}": b"x"}
    assert unpacked(tar_of(files)) == files


def test_modes_of_the_archive_are_not_taken_over(unpacked: Unpacking, tmp_path: Path) -> None:
    unpacked(tar_with("run", tarfile.REGTYPE, mode=0o6777))
    assert (tmp_path / "folder" / "run").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(("name", "says"), EVIL_NAMES.items())
@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_name_that_is_not_sane_is_refused(
    unpacked: Unpacking, make: Make, name: str, says: str
) -> None:
    assert says in refusal(unpacked, make({"good": b"", name: b"evil"}))


def test_an_evil_name_is_shown_short_and_escaped(unpacked: Unpacking) -> None:
    line = refusal(unpacked, tar_of({"\x1b" + "x" * 200: b""}))
    assert line.startswith(rf"entry '\x1b{'x' * 79}…' has a")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a fifo"),
        (b"Z", "neither a plain file nor a folder"),
    ],
)
def test_what_is_no_plain_file_in_a_tar_is_refused(
    unpacked: Unpacking, kind: bytes, says: str
) -> None:
    assert refusal(unpacked, tar_with("evil", kind)) == f"entry 'evil' is {says}"


def test_a_sparse_file_is_refused(unpacked: Unpacking) -> None:
    headers = {"GNU.sparse.major": "0", "GNU.sparse.map": "0,1", "GNU.sparse.size": "9" * 12}
    archive = tar_with("huge", tarfile.REGTYPE, pax_headers=headers)
    assert "'huge' is neither a plain file nor a folder" in refusal(unpacked, archive)


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644])
def test_what_is_no_plain_file_in_a_zip_is_refused(unpacked: Unpacking, mode: int) -> None:
    says = "a symbolic link" if mode == 0o120777 else "neither a file nor a folder"
    assert refusal(unpacked, zip_with("evil", mode)) == f"entry 'evil' is {says}"


def test_an_encrypted_zip_is_refused(unpacked: Unpacking) -> None:
    archive = bytearray(zip_of({"secret": b"x"}))
    archive[archive.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(unpacked, bytes(archive)) == "entry 'secret' is encrypted"


def test_a_zip_compressed_by_what_has_no_bound_is_refused(unpacked: Unpacking) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x", "x")
    assert refusal(unpacked, out.getvalue()) == "entry 'x' is neither stored nor deflated"


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_a_bomb_is_stopped_at_the_limit(unpacked: Unpacking, tmp_path: Path, make: Make) -> None:
    bomb = make({"a": bytes(800_000), "b": bytes(50_000_000)})
    assert "more bytes than FETCH_MAX_BYTES allows" in refusal(unpacked, bomb)
    assert sum(map(len, files_in(tmp_path / "folder").values())) <= ENOUGH.max_bytes


def test_a_zip_that_lies_about_a_size_is_stopped(unpacked: Unpacking) -> None:
    bomb = bytearray(zip_of({"a": bytes(50_000_000)}))
    start = bomb.index(b"PK\x01\x02") + 24
    bomb[start : start + 4] = (100).to_bytes(4, "little")
    assert refusal(unpacked, bytes(bomb)).startswith("broken archive (BadZipFile: Bad CRC-32")


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_too_many_entries_are_refused(unpacked: Unpacking, make: Make) -> None:
    archive = make({f"{number}": b"" for number in range(101)})
    assert refusal(unpacked, archive) == "holds more entries than FETCH_MAX_ENTRIES allows"


@pytest.mark.parametrize("size", [8_000_000_000, -512])
def test_a_header_that_claims_gigabytes_is_refused(unpacked: Unpacking, size: int) -> None:
    header = tarfile.TarInfo("long")
    header.type, header.size = tarfile.XHDTYPE, size
    archive = tar_of({"a": b""}, "")[:512] + header.tobuf(tarfile.GNU_FORMAT)
    assert refusal(unpacked, gzip.compress(archive)) == "a header of the tar is too long"


def test_headers_of_headers_without_end_are_refused(unpacked: Unpacking) -> None:
    header = tar_with("again", tarfile.XHDTYPE)[:512]
    line = refusal(unpacked, tar_of({"a": b""}, "")[:512] + header * 5000)
    assert line.startswith("broken archive (RecursionError")


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize("second", ["a/b", "a/b/c", "a"])
def test_a_name_there_twice_is_refused(unpacked: Unpacking, make: Make, second: str) -> None:
    archive = make({"a/b": b"1", f"./{second}": b"2"})
    assert "is there twice, or file and folder" in refusal(unpacked, archive)


@pytest.mark.parametrize("compression", ["", "gz", "bz2", "xz"])
def test_a_cut_tar_is_refused(unpacked: Unpacking, compression: str) -> None:
    archive = tar_of({"a": random.Random(1).randbytes(2_000_000)}, compression)
    cut = archive[: len(archive) * 9 // 10]
    assert refusal(unpacked, cut, Limits(10**7, 10)).startswith("broken archive (")


@pytest.mark.parametrize(
    "archive", [tar_with("empty", tarfile.DIRTYPE), zip_of({"empty/": b""})], ids=["tar", "zip"]
)
def test_an_archive_without_files_is_refused(unpacked: Unpacking, archive: bytes) -> None:
    assert refusal(unpacked, archive) == "holds no file"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("fraud.py", b"pass\n", None),
        ("empty.py", b"", None),
        ("model.joblib.gz", gzip.compress(b"joblib" * 1000), None),
        ("model.bz2", bz2.compress(b"x" * 1000), None),
        ("model.xz", lzma.compress(b"x" * 1000), None),
        ("cut.gz", gzip.compress(b"x" * 1000)[:12], None),
        ("arrays.npz", zip_of({"a.npy": b""}), None),
        ("model.skops", zip_of({"schema.json": b""}), None),
        ("model.zip", zip_of({"a": b""}), "zip"),
        ("model-1.2", zip_of({"a": b""}), "zip"),
        ("model.tar.gz", zip_of({"a": b""}), "zip"),
        ("model.zip", tar_of({"a": b""}), "tar"),
        ("model.py", tar_of({"a": b""}, "xz"), "tar"),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else str(value),  # gzip has the time
)
def test_the_content_says_what_it_is(
    tmp_path: Path, name: str, content: bytes, kind: str | None
) -> None:
    (tmp_path / "file").write_bytes(content)
    assert archive_kind(tmp_path / "file", name) == kind


@pytest.mark.parametrize("name", ["m.tar.zst", "m.tgz", "m.ZIP", "m.7z"])
def test_a_name_that_promises_an_archive_is_held_to_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"\x28\xb5\x2f\xfd and more")
    with pytest.raises(ArchiveError, match=f"'{name}' is named like an archive"):
        archive_kind(tmp_path / "file", name)
