"""The example model, and rows of it, for the tests of other servers' protocols."""

from typing import Any

from flask.testing import FlaskClient

from app.config.settings import Settings
from app.factory import create_app
from tests.helpers import PREDICT, ROOT

NAME = "ml_trained_model"
ROWS: list[dict[str, Any]] = [
    {
        "docks": 24,
        "temperature": 21.5,
        "holiday": False,
        "weather": "clear",
        "opened": "2023-04-01",
        "at": "2025-06-05T17:30:00Z",
    },
    {
        "docks": 40,
        "temperature": 3.0,
        "holiday": True,
        "weather": "snow",
        "opened": "2021-01-31",
        "at": "2025-01-06T08:00:00Z",
    },
]


def example_client(**settings: Any) -> FlaskClient:
    """Return a test client of the example model."""
    defaults = {"MODEL_DIR": str(ROOT / "model"), "MULTITHREADED_INIT": False, "INIT_RETRIES": 0}
    app = create_app(Settings(**{**defaults, **settings}))
    app.predictor.start()
    return app.test_client()


def native_predictions(client: FlaskClient) -> dict[str, Any]:
    """Return what the native API predicts for the rows, as other protocols answer it."""
    return {"predictions": [client.post(PREDICT, json=row).json for row in ROWS]}
