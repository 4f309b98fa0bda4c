import subprocess
import sys

from tests.helpers import ROOT

HEAVY = ("flask", "jsonschema", "numpy", "prometheus_client")


def test_a_master_process_that_loads_no_model_imports_nothing_heavy() -> None:
    """Its memory adds to the worker's, which imports these after the fork."""
    code = (
        "import runpy, sys\n"
        "configuration = runpy.run_path('app/gunicorn.conf.py')\n"
        "import app.server.worker\n"
        "assert callable(configuration['on_starting'])\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
