"""The one response to each exception that a view raises: see responses.py, error_shapes.py."""

import difflib
from typing import cast

from flask import Response, current_app, request
from werkzeug.exceptions import NotFound

from app.api.application import Application, matched_route


def handle_error(error: Exception) -> Response:
    """Return the response to an exception."""
    if isinstance(error, NotFound) and current_app.config["RESTX_ERROR_404_HELP"]:
        error.description = f"{error.description}{_close_paths()}"
    app = cast("Application", current_app)
    predicts = request.method == "POST" and matched_route(request.environ) in app.endpoints
    return app.predictions.error_response(error, request.path, predicts=predicts).to_flask()


def _close_paths() -> str:
    paths = [rule.rule for rule in current_app.url_map.iter_rules() if not rule.arguments]
    close = [request.root_path + path for path in difflib.get_close_matches(request.path, paths)]
    return f" Did you mean {' or '.join(close)}?" if close else ""
