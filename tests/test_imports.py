"""The rooms of app/, as docs/architecture.md describes them; pyproject.toml has the contracts."""

import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT


def test_imports_run_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert "Contracts: 2 kept, 0 broken." in checked.stdout
