"""The OpenAPI 3.1 document says what the Swagger 2.0 document says, and null besides."""

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator, validate

from app.api.schemas import to_json_schema, to_swagger
from app.predictor.answer import Answer
from tests.api.documents import TYPED, operations
from tests.api.inner_schemas import INNER_SCHEMAS
from tests.helpers import ECHO, VALID, make_app, make_client

SWAGGER_KEYS = {"swagger", "basePath", "consumes", "produces", "definitions"}


def documents(client: FlaskClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the OpenAPI document and the Swagger document."""
    openapi, swagger = client.get("/api/openapi.json"), client.get("/api/swagger.json")
    for response in (openapi, swagger):
        response.headers.remove("Content-Length")
    assert openapi.headers == swagger.headers
    assert openapi.json is not None
    assert swagger.json is not None
    validate(openapi.json, cls=OpenAPIV31SpecValidator)
    validate(swagger.json, cls=OpenAPIV2SpecValidator)
    return openapi.json, swagger.json


def schemas(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = documents(client)[0]["components"]["schemas"]
    return found


def test_it_is_openapi_3_1_with_nothing_of_swagger_2(client: FlaskClient) -> None:
    openapi, swagger = documents(client)
    assert openapi["openapi"] == "3.1.0"
    assert openapi["servers"] == [{"url": "/api"}]
    assert not openapi.keys() & SWAGGER_KEYS
    assert "#/definitions/" not in str(openapi)
    assert (openapi["info"], openapi["tags"]) == (swagger["info"], swagger["tags"])
    assert openapi["components"]["schemas"].keys() == swagger["definitions"].keys()


def test_its_operations_are_those_of_the_swagger_document(client: FlaskClient) -> None:
    openapi, swagger = map(operations, documents(client))
    assert openapi.keys() == swagger.keys()
    for name, operation in openapi.items():
        for keyword in ("operationId", "tags", "summary"):
            assert operation[keyword] == swagger[name][keyword]
        assert operation["responses"].keys() == swagger[name]["responses"].keys()
        for code, response in operation["responses"].items():
            assert response["description"] == swagger[name]["responses"][code]["description"]
            assert content(response)["$ref"].startswith("#/components/schemas/")
    retry_after = openapi["POST /model/predict"]["responses"]["503"]["headers"]["Retry-After"]
    assert retry_after == {"description": "seconds", "schema": {"type": "integer"}}


def content(holder: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = holder["content"]["application/json"]["schema"]
    return schema


def test_the_body_of_a_prediction_is_required_and_an_input_vector(client: FlaskClient) -> None:
    operation = operations(documents(client)[0])["POST /model/predict"]
    assert operation["requestBody"]["required"] is True
    assert content(operation["requestBody"]) == {"$ref": "#/components/schemas/input_vector"}
    assert "parameters" not in operation
    assert schemas(client)["input_vector"]["examples"] == [VALID]


def test_the_mask_is_a_header_where_it_is_documented(tmp_path: Path) -> None:
    openapi, _ = documents(make_client(tmp_path, ECHO, RESTX_MASK_SWAGGER=True))
    (mask,) = operations(openapi)["POST /model/predict"]["parameters"]
    assert (mask["name"], mask["in"]) == ("X-Fields", "header")
    assert mask["schema"] == {"type": "string", "format": "mask"}
    assert mask.keys() == {"name", "in", "description", "schema"}


@pytest.mark.parametrize("schema", INNER_SCHEMAS.values(), ids=INNER_SCHEMAS.keys())
def test_both_documents_have_the_schema_of_a_prediction(
    tmp_path: Path, schema: dict[str, Any]
) -> None:
    app = make_app(tmp_path, ECHO)
    app.predictor.answer = Answer(schema, ({"bikes": 1.5}, {"bikes": 2}))
    openapi, swagger = documents(app.test_client())
    found = (openapi["components"]["schemas"]["prediction"], swagger["definitions"]["prediction"])
    text = found[0]["description"]
    assert text.startswith(schema.get("description", "what run() returned"))
    for prediction, render in zip(found, (to_json_schema, to_swagger), strict=True):
        assert prediction == render({"description": text, **schema, "example": {"bikes": 1.5}})


def test_both_documents_have_the_types_of_a_typed_dict(tmp_path: Path) -> None:
    openapi, swagger = documents(make_client(tmp_path, TYPED))
    full = openapi["components"]["schemas"]["input_vector"]
    part = swagger["definitions"]["input_vector"]
    assert full["required"] == part["required"]
    assert "wind" not in full["required"]
    new, old = full["properties"], part["properties"]
    assert new["weather"] == {"type": "string", "enum": ["clear", "rain"], "examples": ["rain"]}
    assert old["weather"] == {"type": "string", "enum": ["clear", "rain"], "example": "rain"}
    assert new["docks"]["description"] == old["docks"]["description"] == "places"
    assert (new["rate"]["exclusiveMinimum"], new["rate"]["maximum"]) == (0, 1)
    assert (old["rate"]["minimum"], old["rate"]["exclusiveMinimum"]) == (0, True)
    assert {"type": "null"} in new["level"]["anyOf"]
    assert old["level"]["x-nullable"] is True
    assert old["level"]["enum"] == [1, 2, None]
    assert (new["wind"]["default"], old["wind"]["default"]) == (0.0, 0.0)
    assert [one["type"] for one in new["key"]["anyOf"]] == ["integer", "string"]
    assert "type" not in old["key"]
    assert old["key"]["description"] == "integer or string"
    height = old["places"]["items"]["properties"]["height"]
    assert height == {"type": "number", "x-nullable": True}
