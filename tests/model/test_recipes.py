"""The code samples of the model's README, run unchanged."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "model" / "README.md"
BLOCKS = {
    match["file"]: match["code"]
    for match in re.finditer(
        r"^```python\n(?P<code># (?P<file>\w+\.py)\n.*?)^```$",
        README.read_text(),
        re.MULTILINE | re.DOTALL,
    )
}
MODULES = [file for file in BLOCKS if not file.startswith("train_")]

CHECK = """
import importlib, json, sys

def as_json(value):
    return json.loads(json.dumps(value, allow_nan=False, default=lambda numpy: numpy.tolist()))

module = importlib.import_module(sys.argv[1])
sample = module.sample()
if hasattr(module, "init"):
    module.init()
one = as_json(module.run(sample))
if hasattr(module, "run_batch"):
    batch = module.run_batch([sample] * 3)
    assert as_json(batch) == [one] * 3, batch
json.dump(one, sys.stdout)
"""


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_python_sample_names_its_file() -> None:
    assert len(BLOCKS) == README.read_text().count("```python")
    assert MODULES == ["iris.py", "car.py", "compiled.py", "forecast.py"]


@pytest.mark.parametrize(
    ("file", "names"),
    [
        ("iris.py", {"species", "probability"}),
        ("car.py", {"price"}),
        ("compiled.py", {"species", "probability"}),
        ("forecast.py", {"next"}),
    ],
)
def test_each_model_trains_and_predicts_its_own_sample(
    file: str, names: set[str], tmp_path: Path
) -> None:
    script = f"train_{file}"
    for name in {file, script} & BLOCKS.keys():
        (tmp_path / name).write_text(BLOCKS[name])
    if script in BLOCKS:
        run(tmp_path, script)
    prediction = json.loads(run(tmp_path, "-c", CHECK, file.removesuffix(".py")))
    assert prediction.keys() == names
