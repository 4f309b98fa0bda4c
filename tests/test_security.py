"""What SECURITY.md says is what the tests reject, and what the command prints."""

import os
import re
from pathlib import Path

from scripts import readme
from tests.cli.test_check import check
from tests.helpers import ROOT

SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_list_of_rejected_pickles_is_that_of_the_tests() -> None:
    assert readme.render_security(SECURITY) == SECURITY, "run `make readme`"


def test_check_prints_what_else_a_model_needs(tmp_path: Path) -> None:
    (tmp_path / "fraud.py").write_text("class Cleaner: pass\ndef run(row): return 1\n")
    (tmp_path / "fraud.joblib").write_bytes(b"\x80\x04cfraud\nCleaner\n)\x81.")
    example = re.search(r"app check \S+\n\n    (.*)\n", SECURITY)
    assert example is not None
    result = check(tmp_path, PICKLE_POLICY="audit")
    assert result.stderr.splitlines()[-1] == example[1]
    result = check(tmp_path, PICKLE_POLICY="audit", PICKLE_ALLOWED="fraud.Cleaner")
    assert result.returncode == os.EX_OK
