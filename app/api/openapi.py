"""The OpenAPI 3.1 document, made from the Swagger 2.0 document that Flask-RESTX writes.

No maintained Python package converts one to the other. This converts what Flask-RESTX writes for
this service: bodies of JSON, and parameters in headers.
"""

from app.api.schemas import to_json_schema
from app.codec import JsonValue

_JSON = "application/json"
_OF_PARAMETERS = ("name", "in", "description", "required")  # the rest is their schema


def to_openapi(document: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the OpenAPI 3.1 document of the same service.

    Args:
        document: Swagger 2.0, its definitions as the predictor writes schemas.

    """
    definitions = document["definitions"]
    return {
        "openapi": "3.1.0",
        "info": document["info"],
        "servers": [{"url": document["basePath"]}],
        "tags": document["tags"],
        "paths": {
            path: {method: _operation(operation) for method, operation in item.items()}
            for path, item in document["paths"].items()
        },
        "components": {
            "schemas": {name: to_json_schema(schema) for name, schema in definitions.items()}
        },
    }


def _operation(operation: dict[str, JsonValue]) -> dict[str, JsonValue]:
    converted = {**operation}
    parameters = converted.pop("parameters", [])
    for body in (it for it in parameters if it["in"] == "body"):
        converted["requestBody"] = {"required": body["required"], **_content(body)}
    if others := [_parameter(it) for it in parameters if it["in"] != "body"]:
        converted["parameters"] = others
    converted["responses"] = {
        code: _response(response) for code, response in operation["responses"].items()
    }
    return converted


def _parameter(parameter: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a parameter, or a header of a response, with its type as a schema."""
    described = {key: value for key, value in parameter.items() if key in _OF_PARAMETERS}
    schema = {key: value for key, value in parameter.items() if key not in _OF_PARAMETERS}
    return {**described, "schema": to_json_schema(schema)}


def _response(response: dict[str, JsonValue]) -> dict[str, JsonValue]:
    converted = {"description": response["description"], **_content(response)}
    if headers := response.get("headers"):
        converted["headers"] = {name: _parameter(header) for name, header in headers.items()}
    return converted


def _content(holder: dict[str, JsonValue]) -> dict[str, JsonValue]:
    name = holder["schema"]["$ref"].removeprefix("#/definitions/")
    return {"content": {_JSON: {"schema": {"$ref": f"#/components/schemas/{name}"}}}}
