"""A model file, as callers see it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from app.bare.model_file import find_model_file
from app.config.settings import Settings
from app.factory import create_app
from app.predictor.bare_module import scaffold
from app.predictor.pickle_policy import PicklePolicy
from tests.helpers import PREDICT


def serve(folder: Path, **settings: Any) -> FlaskClient:
    """Return a client of the service of a model folder, whose model is loaded or has failed."""
    defaults = {"MODEL_DIR": str(folder), "MULTITHREADED_INIT": False, "INIT_RETRIES": 0}
    app = create_app(Settings(**{**defaults, **settings}))
    app.predictor.start()
    return app.test_client()


def reason(folder: Path, **settings: Any) -> str:
    """Return why the model of a folder has failed to load."""
    response = serve(folder, **settings).get("/api/readiness")
    assert response.status_code == 503
    return str((response.json or {})["reason"])


def predict(client: FlaskClient, row: dict[str, Any]) -> Any:
    """Return the prediction of a row."""
    response = client.post(PREDICT, json=row)
    assert response.status_code == 200, response.json
    return response.json


def fetch(client: FlaskClient, path: str) -> Any:
    """Return the JSON of a GET."""
    return client.get(path).json


def parameters(client: FlaskClient) -> dict[str, Any]:
    """Return the JSON Schema of each parameter, without its example."""
    described = fetch(client, "/api/model")
    assert described["state"] == "ready", fetch(client, "/api/readiness")
    properties = described["parameters"]["properties"]
    return {
        name: {key: value for key, value in schema.items() if key != "examples"}
        for name, schema in properties.items()
    }


def save_scaffold(folder: Path, name: str) -> Path:
    """Save the module of a model file beside it, as a user does; check that it is formatted."""
    model_file = find_model_file(folder, name)
    assert model_file
    source = scaffold(model_file, PicklePolicy(Settings()).allowed)
    file = model_file.data.with_name(f"{model_file.name}.py")
    file.write_text(source)
    ruff = Path(sys.executable).with_name("ruff")
    for command in (
        ["format", "--diff", "--isolated"],
        ["check", "--isolated", "--select=E,F,I,UP", "--ignore=UP013"],
    ):
        done = subprocess.run([ruff, *command, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + source
    return file
