"""The upper limit of gunicorn's threads: an empty Flask route and an empty WSGI application."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

BODY = b'{"probability":0.5}'

flask = Flask(__name__)


@flask.post("/predict")
def predict() -> tuple[bytes, dict[str, str]]:
    return BODY, {"Content-Type": "application/json"}


def wsgi(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response(
        "200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
    )
    return [BODY]
