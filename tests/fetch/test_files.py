"""The files that a pod carries in an annotation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import ROOT

CONTENT = {"data": {"fraud.py": "x = 'é'\r\n"}, "binaryData": {"a.bin": "AAH/"}}


def run(tmp_path: Path, content: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as the init container does."""
    source, folder = tmp_path / "files.json", tmp_path / "models"
    source.write_text(content if isinstance(content, str) else json.dumps(content))
    folder.mkdir()
    command = [sys.executable, "-m", "app.fetch.files", str(source), str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_texts_and_binary_files_are_written(tmp_path: Path) -> None:
    done = run(tmp_path, CONTENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Wrote a.bin, fraud.py to {tmp_path / 'models'}\n"
    written = {file.name: file.read_bytes() for file in (tmp_path / "models").iterdir()}
    assert written == {"fraud.py": "x = 'é'\r\n".encode(), "a.bin": b"\x00\x01\xff"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "Expecting value"),
        ({"data": {"../a.py": ""}, "binaryData": {}}, "'../a.py' is not a file name"),
        ({"data": {"..": ""}, "binaryData": {}}, "Is a directory"),
        ({"data": {}, "binaryData": {"a": "no base64!"}}, "base64"),
    ],
)
def test_content_of_another_form_ends_in_one_line(
    tmp_path: Path, content: Any, reason: str
) -> None:
    done = run(tmp_path, content)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("Cannot write the model files: ")
    assert reason in line
