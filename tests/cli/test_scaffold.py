"""`python -m app scaffold`: the module of a model file."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bare.serving import predict, serve
from tests.bare.trained import PAYMENT, fraud_pipeline, save
from tests.helpers import ROOT, write_module


def scaffold(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "scaffold", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_printed_module_predicts_what_the_file_alone_predicts(tmp_path: Path) -> None:
    file = save(tmp_path, fraud_pipeline(), "fraud.joblib")
    expected = predict(serve(tmp_path), PAYMENT)
    done = scaffold(file)
    assert done.returncode == 0, done.stderr
    (tmp_path / "fraud.py").write_text(done.stdout)
    assert 'country: Literal["BE", "DE", "NL"]' in done.stdout
    as_module = [sys.executable, "-m", "app.scaffold", str(file)]
    assert subprocess.check_output(as_module, cwd=ROOT, text=True) == done.stdout
    assert predict(serve(tmp_path, TRAINED_MODEL_MODULE_NAME="fraud"), PAYMENT) == expected


def test_what_cannot_be_described_is_one_line(tmp_path: Path) -> None:
    done = scaffold(save(tmp_path, [1], "fraud.joblib"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: fraud.joblib holds a list, which has no predict()")
    done = scaffold(write_module(tmp_path, "", "fraud"))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: fraud.py is no model file: give one that ends with")
    save(tmp_path / "several", [1], "a.joblib")
    done = scaffold(save(tmp_path / "several", [1], "b.joblib").parent)
    assert done.returncode == 1
    assert "several model files, a.joblib, b.joblib" in done.stderr
