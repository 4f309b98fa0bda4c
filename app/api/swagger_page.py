"""The Swagger page at `/api/`, from this service's own assets."""

import secrets
from collections.abc import Mapping

from flask import Response, make_response, render_template
from flask_restx import Api

from app.codec import JsonValue

# Swagger UI draws icons from data: addresses; styles set by a script need no permission.
_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def swagger_page(api: Api, info: Mapping[str, JsonValue]) -> Response:
    """Return Swagger UI for `api`, whose documents have this `info`."""
    nonce = secrets.token_urlsafe(16)
    response = make_response(render_template("swagger.html", api=api, info=info, nonce=nonce))
    response.headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
    return response
