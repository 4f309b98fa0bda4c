"""The shortcut's answers are the long way's, call by call."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.api.shortcut import Shortcut
from tests.support import ECHO, PREDICT, VALID, make_client
from tests.test_metrics import values

RAISING = ECHO.replace("return input_data", "return {'a': 1}[input_data.get('key', 'a')]")

BODIES: dict[str, Any] = {
    "valid": VALID,
    "whole numbers": {**VALID, "int_param": 10.0, "float_param": 3},
    "an extra parameter": {**VALID, "extra": [1, {"a": None}]},
    "a missing parameter": {"int_param": 1},
    "a wrong type": {**VALID, "int_param": "a"},
    "an impossible date": {**VALID, "date_param": "2021-02-30"},
    "no object": [VALID],
    "null": None,
}
TEXTS = {name: json.dumps(body) for name, body in BODIES.items()} | {
    "empty": "",
    "not JSON": "{",
    "a name twice": '{"a": 1, "a": 2}',
    "a number beyond 64 bits": '{"int_param": 99999999999999999999}',
    "too long": json.dumps({**VALID, "extra": "x" * 5000}),
}
HEADERS: dict[str, dict[str, str]] = {
    "plain": {},
    "own page": {"Sec-Fetch-Site": "same-origin"},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "own origin": {"Origin": "http://localhost"},
    "another origin": {"Origin": "http://evil.example"},
    "compressed": {"Content-Encoding": "gzip"},
    "masked": {"X-Fields": "int_param"},
    "a parameter of the type": {"Content-Type": "application/json; charset=utf-8"},
    "another JSON": {"Content-Type": "application/vnd.row+json"},
    "no JSON": {"Content-Type": "text/plain"},
    "HEAD": {"X-HTTP-Method-Override": "HEAD"},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "unchecked": {"RESTX_VALIDATE": False},
    "unguarded": {"WTF_CSRF_ENABLED": False},
    "masking": {"RESTX_MASK_SWAGGER": True},
    "debugging": {"FLASK_DEBUG": True},
}


def outcome(client: FlaskClient, text: str, headers: dict[str, str]) -> tuple[Any, ...]:
    """Return all that can be seen of an answer, the metrics that it changed included."""
    before = values(client.get("/metrics").text)
    response = client.post(
        PREDICT, data=text, headers={"Content-Type": "application/json", **headers}
    )
    after = values(client.get("/metrics").text)
    counted = {
        name: value - before.get(name, 0)
        for name, value in after.items()
        if name[0].startswith("ml_rest_api") and "path=/metrics" not in name
        and "sum" not in name[0] and "bucket" not in name[0]
    }  # fmt: skip
    changed = {name: value for name, value in counted.items() if value}
    return response.status_code, response.data, sorted(response.headers.items()), changed


def takes_the_long_way(app: Flask) -> FlaskClient:
    shortcut = app.wsgi_app
    assert isinstance(shortcut, Shortcut)
    app.wsgi_app = shortcut.long_way  # type: ignore[method-assign]
    return app.test_client()


@pytest.fixture(scope="module", params=SETTINGS)
def clients(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FlaskClient, FlaskClient]:
    """A client that takes the shortcut, and one that takes the long way."""
    folder: Path = tmp_path_factory.mktemp("model")
    settings = {"MAX_CONTENT_LENGTH": 4000, **SETTINGS[request.param]}
    short = make_client(folder, RAISING, **settings)
    long = takes_the_long_way(make_client(folder, RAISING, **settings).application)
    return short, long


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS.keys())
def test_body_headers_code_and_metrics_are_the_same(
    clients: tuple[FlaskClient, FlaskClient], text: str, headers: dict[str, str]
) -> None:
    short, long = (outcome(client, text, headers) for client in clients)
    assert short == long


def test_a_model_that_raises_fails_once_and_alike(
    clients: tuple[FlaskClient, FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    text = json.dumps({**VALID, "key": "absent"})
    outcomes, logs = [], []
    for client in clients:
        caplog.clear()
        outcomes.append(outcome(client, text, {}))
        logs.append(caplog.messages)
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert logs[0] == logs[1] == [f"POST {PREDICT}: run() failed: KeyError: 'absent'"]


def test_a_good_prediction_does_take_the_shortcut(tmp_path: Path) -> None:
    client = make_client(tmp_path, ECHO)
    shortcut = client.application.wsgi_app
    assert isinstance(shortcut, Shortcut)
    shortcut.long_way = None  # type: ignore[assignment]
    assert client.post(PREDICT, json=VALID).json == VALID


def test_a_model_that_is_not_ready_is_told_the_long_way(tmp_path: Path) -> None:
    client = make_client(tmp_path, "x = 1")
    response = client.post(PREDICT, json=VALID)
    assert (response.status_code, response.json) == (503, {"message": "Server Not Ready"})
    assert response.headers["Retry-After"]
