"""The errors of predictions, as the documents describe them."""

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from flask_restx import Namespace
from flask_restx.model import SchemaModel

from app.codec import JsonValue

_Method = TypeVar("_Method", bound=Callable[..., object])

_ERROR = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_INPUT_ERROR = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "errors": {
            "type": "object",
            "description": "parameter to error; of many rows, each after the index of its row",
            "additionalProperties": {"type": "string"},
        },
    },
    "required": ["message"],
}
_RETRY_AFTER = {"headers": {"Retry-After": {"description": "seconds", "type": "integer"}}}


def document_responses(
    namespace: Namespace, *, has_rows: bool = False
) -> Callable[[_Method], _Method]:
    """Return a decorator that documents the errors of a method that predicts.

    Args:
        namespace: of the method.
        has_rows: whether a request has many rows.

    """
    error = namespace.schema_model("error", _ERROR)
    input_error = namespace.schema_model("input_error", _INPUT_ERROR)
    model_error = input_error if has_rows else error
    responses: tuple[tuple[int | str, str, SchemaModel, dict[str, JsonValue]], ...] = (
        (HTTPStatus.BAD_REQUEST, "The body is not valid", input_error, {}),
        (HTTPStatus.REQUEST_TIMEOUT, "The body did not arrive in time", error, {}),
        (
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"The body is too large{', or has too many rows' if has_rows else ''}",
            error,
            {},
        ),
        (
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Content-Type is not application/json",
            error,
            {},
        ),
        (HTTPStatus.INTERNAL_SERVER_ERROR, "The model failed", model_error, {}),
        (HTTPStatus.SERVICE_UNAVAILABLE, "Not ready, or busy", error, _RETRY_AFTER),
        (HTTPStatus.GATEWAY_TIMEOUT, "The prediction took too long", error, {}),
        ("default", "The model rejects a row, with a 4xx of its own", model_error, {}),
    )

    def document(method: _Method) -> _Method:
        for status, description, model, more in reversed(responses):
            method = namespace.response(status, description, model, **more)(method)
        return method

    return document
