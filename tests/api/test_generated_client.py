"""A client that openapi-python-client generates from the OpenAPI document predicts."""

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers import serving, write_module

MODEL = """
    from typing import Annotated, Literal, NotRequired, TypedDict

    class Row(TypedDict):
        docks: Annotated[int, {"minimum": 0}, "places at the station"]
        weather: Literal["clear", "rain"]
        wind: NotRequired[Annotated[float | None, {"default": 0.0}]]

    class Prediction(TypedDict):
        bikes: float
        level: Literal["low", "high"]
        wind: float | None

    def sample():
        return {"docks": 4, "weather": "rain", "wind": 1.5}

    def run(input_data: Row) -> Prediction:
        bikes = input_data["docks"] / 2
        return {"bikes": bikes, "level": "low", "wind": input_data["wind"]}
"""
CALLER = """
import sys

from client import Client
from client.api.health import get_health_readiness
from client.api.model import get_model, post_model_predict
from client.models import InputError, InputVector, InputVectorWeather, ModelState, PredictionLevel

with Client(base_url=sys.argv[1]) as client:
    assert get_health_readiness.sync(client=client).ready is True
    assert get_model.sync(client=client).state is ModelState.READY
    row = InputVector(docks=4, weather=InputVectorWeather.RAIN, wind=None)
    prediction = post_model_predict.sync(client=client, body=row)
    assert prediction.bikes == 2.0, prediction
    assert prediction.level is PredictionLevel.LOW
    assert prediction.wind is None
    row = InputVector(docks=-1, weather=InputVectorWeather.RAIN)
    rejected = post_model_predict.sync(client=client, body=row)
    assert isinstance(rejected, InputError), rejected
    assert list(rejected.errors.additional_properties) == ["docks"]
"""


def test_a_generated_client_predicts_with_the_types_of_the_model(tmp_path: Path) -> None:
    write_module(tmp_path / "model", MODEL)
    caller = tmp_path / "caller.py"
    caller.write_text(CALLER)
    with serving(tmp_path / "model") as server:
        generate = ("-m", "openapi_python_client", "generate", "--fail-on-warning")
        url = f"{server.url}/api/openapi.json"
        options = ("--url", url, "--meta", "none", "--output-path", str(tmp_path / "client"))
        run(*generate, *options)
        run(str(caller), f"{server.url}/api")


def run(*arguments: str) -> None:
    """Run Python; openapi-python-client finds ruff beside it, to format what it writes."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
