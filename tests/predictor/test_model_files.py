import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config.settings import Settings
from app.errors import ModelError
from app.predictor.model_files import check_digests, files_of
from app.predictor.predictor import Predictor
from app.predictor.state import State


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


def parsed(text: str) -> str:
    return Settings.from_environ({"MODEL_CHECKSUMS": text}).MODEL_CHECKSUMS


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
    check_digests(folder, parsed(sums(folder)))
    check_digests(folder, parsed(sums(folder).replace("  ./", " *").replace("\n", ", ")))
    check_digests(folder, "")


def test_one_checksum_is_that_of_the_only_file(tmp_path: Path) -> None:
    (tmp_path / "fraud.py").write_text("x")
    check_digests(tmp_path, parsed(f" {digest('x')}\n"))
    with pytest.raises(ModelError, match=r"fraud.py is [0-9a-f]{64}, but MODEL_CHECKSUMS has "):
        check_digests(tmp_path, parsed(digest("y")))
    (tmp_path / "more.txt").write_text("y")
    with pytest.raises(
        ModelError, match=r"one checksum, but the model folder holds fraud.py, more"
    ):
        check_digests(tmp_path, parsed(digest("x")))


def test_a_file_that_differs_is_rejected(folder: Path) -> None:
    expected = parsed(sums(folder))
    (folder / "sub/labels.txt").write_text("b\n")
    message = f"of sub/labels.txt is {digest(chr(98) + chr(10))}, but"
    with pytest.raises(ModelError, match=message):
        check_digests(folder, expected)


@pytest.mark.parametrize("name", ["json.py", ".hidden", "__pycache__/fraud.cpython-311.pyc"])
def test_so_is_one_without_a_checksum(folder: Path, name: str) -> None:
    expected = parsed(sums(folder))
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("import os")
    with pytest.raises(ModelError, match=f"^{name} in the model folder has no checksum"):
        check_digests(folder, expected)


def test_so_is_a_checksum_without_a_file(folder: Path) -> None:
    expected = parsed(f"{sums(folder)}{digest('')}  gone.txt\n")
    with pytest.raises(ModelError, match=r"^gone\.txt is in MODEL_CHECKSUMS, but not in the"):
        check_digests(folder, expected)


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
