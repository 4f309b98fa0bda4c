"""The form of an error's response: this service's own, or that of the protocol of its path."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType

from werkzeug.exceptions import HTTPException

from app.api.responses import ErrorDescription, Response, describe_error
from app.codec import JsonValue, encode
from app.config.settings import Settings
from app.errors import RequestError

_log = logging.getLogger(__name__)

_Form = Callable[[ErrorDescription], Mapping[str, JsonValue]]

# MLflow's names (https://github.com/mlflow/mlflow/blob/master/mlflow/protos/databricks.proto).
_MLFLOW_CODES = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "BAD_REQUEST",
        HTTPStatus.NOT_FOUND: "RESOURCE_DOES_NOT_EXIST",
        HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL_ERROR",
        HTTPStatus.SERVICE_UNAVAILABLE: "TEMPORARILY_UNAVAILABLE",
        HTTPStatus.GATEWAY_TIMEOUT: "DEADLINE_EXCEEDED",
    }
)


class ErrorShapes:
    """Responds to exceptions, each in the form that the clients of a path read."""

    def __init__(self, settings: Settings) -> None:
        """Know the protocols that are served."""
        self._debug = settings.FLASK_DEBUG
        self._forms = {
            root: form for protocol in settings.protocols for root, form in _FORMS[protocol].items()
        }

    def response(self, error: BaseException, path: str) -> Response:
        """Return the response to an exception that ended a request; log one that nobody foresaw.

        Args:
            error: of any type.
            path: of the request, without ROOT_PATH; or the rule of its route.

        """
        if not isinstance(error, HTTPException | RequestError):
            _log.error("A request for %r failed", path, exc_info=error)
        description = describe_error(error, debug=self._debug)
        form = self._forms.get(path.split("/", 2)[1] if path[:1] == "/" else "", _own_form)
        return Response(int(description.status), encode(form(description)), description.headers)


def _own_form(error: ErrorDescription) -> Mapping[str, JsonValue]:
    return (
        {"errors": error.errors, "message": error.message}
        if error.errors
        else {"message": error.message}
    )


def _form_of_kserve(error: ErrorDescription) -> Mapping[str, JsonValue]:
    return {"error": _in_a_line(error)}


def _form_of_mlflow(error: ErrorDescription) -> Mapping[str, JsonValue]:
    code = _MLFLOW_CODES.get(HTTPStatus(error.status)) if error.status in set(HTTPStatus) else None
    return {"error_code": code or "BAD_REQUEST", "message": _in_a_line(error)}


def _in_a_line(error: ErrorDescription) -> str:
    """Return the message with all errors of the body, each after the name of its part."""
    parts = "; ".join(f"{error.part}{name}: {text}" for name, text in error.errors.items())
    if error.part:  # the message is that of one of them
        return f"{parts}; and {error.hidden} more" if error.hidden else parts
    return f"{error.message}: {parts}" if parts else error.message


# The first segment of a path to the form of its errors.
_FORMS: Mapping[str, Mapping[str, _Form]] = MappingProxyType(
    {
        "v1": {"v1": _form_of_kserve},
        "v2": {"v2": _form_of_kserve},
        "invocations": dict.fromkeys(("invocations", "ping", "health", "version"), _form_of_mlflow),
    }
)
