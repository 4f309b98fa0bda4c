import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import ModelError
from app.predictor.model_files import ModelFiles, files_of
from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.helpers import ROOT, eventually


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(autouse=True)
def with_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a model folder with two files, as a ConfigMap's volume has them."""
    version = tmp_path / "model/..2026_11_29"
    (version / "sub").mkdir(parents=True)
    (version / "fraud.py").write_text("def run(row): return 1")
    (version / "sub/labels.txt").write_text("a\n")
    folder = version.parent
    (folder / "..data").symlink_to(version.name)
    (folder / "fraud.py").symlink_to("..data/fraud.py")
    (folder / "sub").symlink_to("..data/sub")
    return folder


# As README.md has it.
SHA256_OF_ALL = (
    "find -L . -type f ! -path '*/.*/*' ! -path '*/__pycache__/*' -printf '%P\\n' | LC_ALL=C sort "
    "| xargs -d '\\n' sha256sum | sha256sum"
)


def parsed(text: str) -> str:
    return Settings.from_environ({"MODEL_CHECKSUMS": text}).MODEL_CHECKSUMS


def checksums(folder: Path) -> dict[str, str | None]:
    files = ModelFiles()
    files.read(folder, "")
    return files.checksums


def digest_of_all(folder: Path) -> str | None:
    files = ModelFiles()
    files.read(folder, "")
    return files.digest


def sums(folder: Path) -> str:
    """Return what sha256sum prints for all files, in the manner of a shell."""
    command = "find -L . -type f ! -path '*/..*' | xargs sha256sum"
    return subprocess.check_output(command, shell=True, cwd=folder, text=True)


def test_each_file_is_found_once(folder: Path) -> None:
    (folder / "circle").symlink_to(folder)
    (folder / "gone").symlink_to("/nowhere/at-all")
    os.mkfifo(folder / "pipe")
    found = [str(file.relative_to(folder)) for file in files_of(folder)]
    assert found == ["fraud.py", "sub/labels.txt"]


def test_what_sha256sum_prints_is_compared(folder: Path) -> None:
    ModelFiles().read(folder, parsed(sums(folder)))
    ModelFiles().read(folder, parsed(sums(folder).replace("  ./", " *").replace("\n", ", ")))
    ModelFiles().read(folder, "")


def test_one_checksum_is_that_of_the_only_file(tmp_path: Path) -> None:
    (tmp_path / "fraud.py").write_text("x")
    ModelFiles().read(tmp_path, parsed(f" {digest('x')}\n"))
    with pytest.raises(ModelError, match=r"fraud.py is [0-9a-f]{64}, but MODEL_CHECKSUMS has "):
        ModelFiles().read(tmp_path, parsed(digest("y")))
    (tmp_path / "more.txt").write_text("y")
    with pytest.raises(
        ModelError, match=r"one checksum, but the model folder holds fraud.py, more"
    ):
        ModelFiles().read(tmp_path, parsed(digest("x")))


def test_a_file_that_differs_is_rejected(folder: Path) -> None:
    expected = parsed(sums(folder))
    (folder / "sub/labels.txt").write_text("b\n")
    message = f"of sub/labels.txt is {digest(chr(98) + chr(10))}, but"
    with pytest.raises(ModelError, match=message):
        ModelFiles().read(folder, expected)


@pytest.mark.parametrize("name", ["json.py", ".hidden", "__pycache__/fraud.cpython-311.pyc"])
def test_so_is_one_without_a_checksum(folder: Path, name: str) -> None:
    expected = parsed(sums(folder))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("import os")
    with pytest.raises(ModelError, match=f"^{name} in the model folder has no checksum"):
        ModelFiles().read(folder, expected)


def test_so_is_a_checksum_without_a_file(folder: Path) -> None:
    expected = parsed(f"{sums(folder)}{digest('')}  gone.txt\n")
    with pytest.raises(ModelError, match=r"^gone\.txt is in MODEL_CHECKSUMS, but not in the"):
        ModelFiles().read(folder, expected)


def load(folder: Path, expected: str) -> Predictor:
    predictor = Predictor(
        Settings(
            MODEL_DIR=str(folder),
            TRAINED_MODEL_MODULE_NAME="fraud",
            MODEL_CHECKSUMS=parsed(expected),
            INIT_RETRIES=1,
        )
    )
    predictor.load()
    return predictor


def test_nothing_of_a_folder_that_differs_runs(folder: Path) -> None:
    expected = sums(folder)
    (folder / "fraud.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\n")
    predictor = load(folder, expected)
    assert predictor.status.state is State.FAILED
    assert predictor.status.reason.startswith("The SHA-256 checksum of fraud.py is ")
    assert not (folder / "ran").exists()


def test_a_load_leaves_no_file_that_the_next_one_would_reject(folder: Path) -> None:
    (folder / "fraud.py").write_text("import neighbour\ndef run(row): return 1\n")
    (folder / "neighbour.py").write_text("")
    expected = sums(folder)
    for _ in range(2):
        assert load(folder, expected).status.state is State.READY


def test_each_file_has_its_checksum(folder: Path) -> None:
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "fraud.cpython-311.pyc").write_text("bytecode")
    expected = {"fraud.py": digest("def run(row): return 1"), "sub/labels.txt": digest("a\n")}
    assert checksums(folder) == expected
    (folder / "sub/labels.txt").write_text("b\n")
    assert checksums(folder) == {**expected, "sub/labels.txt": digest("b\n")}


def test_the_digest_of_all_files_can_be_repeated_in_a_shell(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git/HEAD").write_text("not the model's")
    (folder / ".env").write_text("the model's")
    for name in ("a b.txt", "sub.txt", "Z", "é", os.fsdecode(b"\xff"), ".hidden"):
        (folder / name).write_text(ascii(name))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "fraud.cpython-311.pyc").write_text("bytecode")
    printed = subprocess.check_output(SHA256_OF_ALL, shell=True, cwd=folder, text=True)
    assert f"{digest_of_all(folder)}  -\n" == printed
    assert SHA256_OF_ALL in (ROOT / "README.md").read_text()


def test_a_large_file_is_hashed_later(folder: Path) -> None:
    files = ModelFiles(large_bytes=2)
    files.read(folder, "")
    assert files.checksums == {"fraud.py": None, "sub/labels.txt": digest("a\n")}
    assert files.digest is None
    files.start_hashing_large_files()
    assert eventually(lambda: files.digest) == digest_of_all(folder)
    assert files.checksums == checksums(folder)


def test_so_are_the_largest_of_many_files(tmp_path: Path) -> None:
    for name, size in (("a", 5), ("b", 1), ("c", 3)):
        (tmp_path / name).write_bytes(bytes(size))
    files = ModelFiles(large_bytes=4)
    files.read(tmp_path, "")
    assert [name for name, checksum in files.checksums.items() if checksum is None] == ["a"]


def test_checksums_to_compare_are_those_of_large_files_too(folder: Path) -> None:
    files = ModelFiles(large_bytes=2)
    files.read(folder, parsed(sums(folder)))
    assert files.checksums == checksums(folder)


def test_a_file_that_cannot_be_read_has_no_checksum(folder: Path) -> None:
    expected = checksums(folder)
    before = digest_of_all(folder)
    (folder / "unreadable").symlink_to("/proc/self/mem")
    assert checksums(folder) == {**expected, "unreadable": None}
    assert digest_of_all(folder) == before
    assert load(folder, "").status.state is State.READY


def test_one_that_has_to_be_compared_is_rejected(folder: Path) -> None:
    expected = parsed(sums(folder))
    (folder / "unreadable").symlink_to("/proc/self/mem")
    with pytest.raises(ModelError, match="unreadable in the model folder cannot be read"):
        ModelFiles().read(folder, expected)
