"""Clients of other servers: each runs in a virtual environment of its own, as a script.

A script gets a JSON object as its argument, and prints what its client got, as JSON.
"""

import json
import subprocess
import textwrap
from pathlib import Path
from typing import Any

from bench.venvs import create
from tests.helpers import ROOT

FOLDER = Path(__file__).parent
ENVIRONMENTS = ROOT / ".venv" / "clients"

FLOWERS = [[6.8, 2.8, 4.8, 1.4], [6.0, 3.4, 4.5, 1.6]]
FLOWER_NAMES = ["sepal_length_(cm)", "sepal_width_(cm)", "petal_length_(cm)", "petal_width_(cm)"]
ROWS = [
    {
        "docks": 24,
        "temperature": 21.5,
        "holiday": False,
        "weather": "clear",
        "opened": "2023-04-01",
        "at": "2025-06-05T17:30:00Z",
    },
    {
        "docks": 8,
        "temperature": -3.0,
        "holiday": True,
        "weather": "snow",
        "opened": "2024-11-30",
        "at": "2025-01-01T04:00:00Z",
    },
]
INVALID_ROWS = [ROWS[0], {**ROWS[1], "temperature": 61.0}]
# The row's index and its parameter, and the error as the native API words it.
INVALID = "Input payload validation failed: 1.temperature: 61.0 is greater than the maximum of 60"

IRIS = textwrap.dedent("""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    __version__ = "3"

    def sample():
        return {
            "sepal_length_(cm)": 5.1, "sepal_width_(cm)": 3.5,
            "petal_length_(cm)": 1.4, "petal_width_(cm)": 0.2,
        }

    def init():
        global model
        model = LogisticRegression(max_iter=1000).fit(*load_iris(return_X_y=True))

    def run(input_data):
        return run_batch([input_data])[0]

    def run_batch(rows):
        return model.predict([list(row.values()) for row in rows]).tolist()
""")
UNREADY = textwrap.dedent("""
    def init():
        raise OSError("no model")

    def run(input_data):
        return 1
""")


def environment(client: str) -> Path:
    """Return the Python of a client's virtual environment."""
    return create(ENVIRONMENTS / client, FOLDER / client / "requirements.txt")


def run_client(client: str, script: str = "client.py", **arguments: Any) -> Any:
    """Run a script in a client's environment and return what it prints."""
    done = subprocess.run(
        [environment(client), FOLDER / client / script, json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
