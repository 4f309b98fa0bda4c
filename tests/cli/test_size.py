"""`python -m app size`: what a model needs, measured in the real service."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import container, env, of_kind
from tests.helpers import ROOT, eventually, write_module

MIB = 200
MODULE = f"""
    def sample():
        return {{"x": 1.5}}

    def init():
        global data
        data = b"x" * ({MIB} * 2**20)

    def run(input_data):
        return data[0] * input_data["x"]
"""
ENDING = """
    import os

    def sample():
        return {"x": 1}

    def run(input_data):
        return 1

    def run_batch(rows):
        if len(rows) == 64:
            os._exit(1)
        return [1] * len(rows)
"""


def size(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "size", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "INIT_RETRIES": "0", "MAX_ROWS": "500", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = size(write_module(tmp_path_factory.mktemp("model"), MODULE, "large"), THREADS="2")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def values(output: str) -> Any:
    return yaml.safe_load(output)


def test_the_output_is_values_of_the_chart(values: Any) -> None:
    rendered = container(values)
    assert rendered["resources"] == values["resources"]
    environ = env(rendered)
    assert {environ[name] for name in ("WORKERS", "THREADS")} == {"1", "2"}
    (scaler,) = of_kind(
        "HorizontalPodAutoscaler", {**values, "autoscaling": {**values["autoscaling"], "enabled": True}}
    )  # fmt: skip
    (metric,) = scaler["spec"]["metrics"]
    assert metric["resource"]["target"]["averageUtilization"] == 80


def test_the_model_fits_into_the_memory(values: Any) -> None:
    resources = values["resources"]
    request, limit = (mebibytes(resources[key]["memory"]) for key in ("requests", "limits"))
    assert MIB + 30 < request < MIB + 300
    assert request + 64 <= limit < 2 * request


def test_workers_share_the_model(output: str) -> None:
    match = re.search(r"WORKERS=1: \S+ rows/s, (\d+) MiB. WORKERS=2: \S+ rows/s, (\d+)", output)
    assert match, output
    assert int(match[1]) < int(match[2]) < int(match[1]) + MIB


def test_all_requests_that_the_settings_allow_are_measured(output: str) -> None:
    table = [line.split()[1:3] for line in output.splitlines() if re.match(r"# +\d", line)]
    assert table == [
        ["1", "1"], ["1", "64"], ["8", "1"], ["64", "1"], ["500", "1"], ["500", "64"],
    ]  # fmt: skip


def mebibytes(quantity: str) -> int:
    return int(quantity.removesuffix("Mi"))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            'def init(): raise OSError("no model")\ndef run(row): return 1',
            "Model failed to load: init() failed at fraud.py, line 1: OSError: no model",
        ),
        ("def run(row): return 1", "The model has no sample(), so there is no row to predict"),
        (
            'def sample(): return {"x": 1}\ndef run(row): raise OSError("no row")',
            "/api/model/predict answered 500: ",
        ),
        (
            ENDING,
            "A process of the service has ended: the model ends it, or this machine has too little",
        ),
    ],
)
def test_model_that_cannot_be_measured_ends_with_the_reason(
    tmp_path: Path, source: str, reason: str
) -> None:
    done = size(write_module(tmp_path, source, "fraud"), SELF_TEST="off", MAX_BATCH_SIZE="32")
    assert (done.returncode, done.stdout) == (1, "")
    *progress, line = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert reason in line
    assert not any(each.startswith("Error: ") for each in progress)


def test_the_service_ends_with_the_command(tmp_path: Path) -> None:
    source = (
        "import os, pathlib, time\n"
        "def init():\n"
        "  pathlib.Path(__file__).with_name('pid').write_text(str(os.getpid()))\n"
        "  time.sleep(600)\n"
        "def run(row): return 1"
    )
    module = write_module(tmp_path, source, "slow")
    command = [sys.executable, "-m", "app", "size", str(module)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        pid = int(eventually((tmp_path / "pid").read_text))
        process.terminate()
    assert process.returncode == 1
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_missing_model_is_one_line(tmp_path: Path) -> None:
    done = size(tmp_path / "absent.py")
    assert done.returncode == 1
    assert "absent" in done.stderr.splitlines()[-1]


def test_invalid_setting_is_one_line() -> None:
    done = size(WORKERS="x")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "WORKERS" in done.stderr
