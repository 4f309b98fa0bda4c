"""Requests and settings for which test_shortcut.py compares the two request paths."""

import json
from typing import Any

from tests.helpers import PREDICT, VALID
from tests.raw_http import head, post

JSON = "Content-Type: application/json"

BODIES: dict[str, Any] = {
    "valid": VALID,
    "whole numbers": {**VALID, "int_param": 10.0, "float_param": 3},
    "an extra parameter": {**VALID, "extra": [1, {"a": None}]},
    "a missing parameter": {"int_param": 1},
    "a wrong type": {**VALID, "int_param": "a"},
    "an impossible date": {**VALID, "date_param": "2021-02-30"},
    "a row that the model fails for": {**VALID, "fails": True},
    "not an object": [VALID],
    "null": None,
}
TEXTS = {name: json.dumps(body) for name, body in BODIES.items()} | {
    "empty": "",
    "not JSON": "{",
    "a duplicate key": '{"a": 1, "a": 2}',
    "a number beyond 64 bits": '{"int_param": 99999999999999999999}',
    "too long": json.dumps({**VALID, "extra": "x" * 5000}),
}
HEADERS: dict[str, tuple[str, ...]] = {
    "plain": (JSON,),
    "own page": (JSON, "Sec-Fetch-Site: same-origin"),
    "another site": (JSON, "Sec-Fetch-Site: cross-site"),
    "own origin": (JSON, "Origin: http://test"),
    "another origin": (JSON, "Origin: http://evil.example"),
    "compressed": (JSON, "Content-Encoding: gzip"),
    "masked": (JSON, "X-Fields: int_param"),
    "a media type parameter": ("Content-Type: application/json; charset=utf-8",),
    "a JSON subtype": ("Content-Type: application/vnd.row+json",),
    "not JSON": ("Content-Type: text/plain",),
    "two types": (JSON, "Content-Type: text/plain"),
    "two types, JSON last": ("Content-Type: text/plain", JSON),
    "two Sec-Fetch-Site headers": (
        JSON,
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-origin",
    ),
    "no Content-Type": (),
    "Connection: close": (JSON, "Connection: close"),
    "Expect: 100-continue": (JSON, "Expect: 100-continue"),
    "another expectation": (JSON, "Expect: unknown"),
    "proxy headers": (JSON, "X-Forwarded-Proto: https", "X-Forwarded-For: 10.0.0.1"),
    "a proxy's path": (JSON, "Script_Name: /api"),
    "a long head": (JSON, "Cookie: " + "x" * 5000),
    "a method override": (JSON, "X-HTTP-Method-Override: HEAD"),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "no validation": {"RESTX_VALIDATE": "False"},
    "no CSRF check": {"WTF_CSRF_ENABLED": "False"},
    "masks": {"RESTX_MASK_SWAGGER": "True"},
    "two processes": {"WORKERS": "2"},
}
VALID_BODY = json.dumps(VALID).encode()
LENGTH = f"Content-Length: {len(VALID_BODY)}"
REQUESTS = {
    "another path": post(VALID_BODY, path="/api/model"),
    "a longer path": post(VALID_BODY, path=f"{PREDICT}/"),
    "a path with a query": post(VALID_BODY, path=f"{PREDICT}?a=1"),
    "a percent-encoded path": post(VALID_BODY, path="/api/model/predic%74"),
    "an absolute URL": post(VALID_BODY, path=f"http://test{PREDICT}"),
    "another method": head("PUT", PREDICT, JSON, LENGTH) + VALID_BODY,
    "HTTP 1.0": post(VALID_BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP 1.0, kept alive": post(VALID_BODY, "Connection: keep-alive").replace(b"1.1", b"1.0", 1),
    "an empty line first": b"\r\n" + post(VALID_BODY),
    "header names in lower case": post(VALID_BODY).lower().replace(b"post", b"POST", 1),
    "no host": post(VALID_BODY).replace(b"Host: test\r\n", b""),
    "an origin with a port": post(VALID_BODY, "Origin: http://test:80").replace(
        b"Host: test", b"Host: test:80"
    ),
    "two hosts": post(VALID_BODY, "Host: other"),
    "two lengths": post(VALID_BODY, "Content-Length: 1"),
    "a signed length": post(VALID_BODY).replace(b"Length: ", b"Length: +"),
    "no length": head("POST", PREDICT, JSON) + VALID_BODY,
    "a length and chunks": post(VALID_BODY, "Transfer-Encoding: chunked"),
    "a malformed header": post(VALID_BODY, "no header"),
    "line feeds alone": post(VALID_BODY).replace(b"\r\n", b"\n"),
    "a body that ends early": post(VALID_BODY)[:-5],
}


def texts_for(settings: str, headers: str) -> list[str]:
    """Return the texts that are sent with `headers` to the servers that have `settings`.

    Each pair of headers and text gets one of the settings, round robin. With all settings, the
    tests would take five times as long.
    """
    first = list(HEADERS).index(headers) - list(SETTINGS).index(settings)
    return [text for i, text in enumerate(TEXTS) if (first + i) % len(SETTINGS) == 0]
