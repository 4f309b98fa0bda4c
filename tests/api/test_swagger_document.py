"""The Swagger document of a running service: valid Swagger 2.0, and complete."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.api.documents import IMPORTS, RUN, SAMPLES, document_of, operations
from tests.helpers import ECHO, VALID, Server, eventually, serving, write_module

MALFORMED_MASKS = ("{", "}", "{Ready", "{a,b{c}", "{Ready{x},Alive{x},int_param{x}}")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("document")
    write_module(folder, ECHO)
    with serving(folder) as server:
        yield document_of(server)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_the_document_is_valid_and_its_example_is_accepted(tmp_path: Path, sample: str) -> None:
    write_module(tmp_path, f"{IMPORTS}def sample(): return {sample}\n{RUN}")
    with serving(tmp_path) as server:
        vector = document_of(server)["definitions"]["input_vector"]
        row = vector.get("example", {})
        assert row.keys() == vector.get("properties", {}).keys()
        response = server.predict(row)
        assert (response.status_code, response.json()) == (200, row)


def test_without_sample_any_object_is_documented_and_accepted(tmp_path: Path) -> None:
    write_module(tmp_path, RUN)
    with serving(tmp_path) as server:
        vector = document_of(server)["definitions"]["input_vector"]
        assert vector == {"type": "object"}
        assert server.predict({"anything": [1]}).status_code == 200


@pytest.mark.parametrize(
    ("source", "state", "names"),
    [
        (IMPORTS + "threading.Event().wait()", "loading", set()),
        (ECHO + "\n    def init():\n        __import__('time').sleep(60)", "loading", set(VALID)),
        (ECHO + "\n    def init():\n        raise OSError('gone')", "failed", set(VALID)),
        ("def sample(): return 1 / 0\n" + RUN, "failed", set()),
        ("def run(:", "failed", set()),
    ],
)
def test_the_document_is_valid_while_the_model_is_not_ready(
    tmp_path: Path, source: str, state: str, names: set[str]
) -> None:
    write_module(tmp_path, source)
    with serving(tmp_path, wait=False, INIT_RETRIES="0") as server:
        eventually(lambda: server.get("/api/readiness").json()["state"] == state)

        def documented() -> set[str]:
            vector = document_of(server)["definitions"]["input_vector"]
            return set(vector.get("properties", {}))

        eventually(lambda: documented() == names)  # "loading" begins before sample() is called


def test_the_document_is_swagger_2_with_the_base_path_api(document: dict[str, Any]) -> None:
    assert document["swagger"] == "2.0"
    assert document["basePath"] == "/api"
    assert [tag["name"] for tag in document["tags"]] == ["health", "model"]


def test_operations_have_their_fixed_names_and_tags(document: dict[str, Any]) -> None:
    assert {
        name: (operation["operationId"], operation["tags"])
        for name, operation in operations(document).items()
    } == {
        "GET /liveness": ("get_health_liveness", ["health"]),
        "GET /readiness": ("get_health_readiness", ["health"]),
        "GET /model": ("get_model", ["model"]),
        "POST /model/predict": ("post_model_predict", ["model"]),
        "POST /model/predict_batch": ("post_model_predict_batch", ["model"]),
    }


def test_every_status_code_is_documented_with_a_schema(document: dict[str, Any]) -> None:
    codes = {
        "GET /liveness": {"200"},
        "GET /readiness": {"200", "503"},
        "GET /model": {"200"},
        "POST /model/predict": {"200", "400", "413", "415", "500", "503"},
        "POST /model/predict_batch": {"200", "400", "413", "415", "500", "503"},
    }
    for name, operation in operations(document).items():
        assert operation["responses"].keys() >= codes[name]
        for response in operation["responses"].values():
            assert response["description"]
            reference = response["schema"]["$ref"].removeprefix("#/definitions/")
            assert reference in document["definitions"]
    unavailable = operations(document)["POST /model/predict"]["responses"]["503"]
    assert unavailable["headers"]["Retry-After"]["type"] == "integer"


def test_many_rows_are_input_vectors(document: dict[str, Any]) -> None:
    (payload,) = operations(document)["POST /model/predict_batch"]["parameters"]
    assert payload["schema"] == {"$ref": "#/definitions/rows"}
    rows = document["definitions"]["rows"]
    assert rows["properties"]["rows"]["items"] == {"$ref": "#/definitions/input_vector"}
    assert rows["example"] == {"rows": [VALID]}


def test_the_payload_is_an_input_vector(document: dict[str, Any]) -> None:
    (payload,) = operations(document)["POST /model/predict"]["parameters"]
    assert payload == {
        "name": "payload",
        "in": "body",
        "required": True,
        "schema": {"$ref": "#/definitions/input_vector"},
    }


def test_parameters_have_the_type_and_format_of_their_example(document: dict[str, Any]) -> None:
    vector = document["definitions"]["input_vector"]
    assert vector["type"] == "object"
    assert set(vector["required"]) == set(VALID)
    assert vector.get("additionalProperties", True) is True
    types = {name: schema["type"] for name, schema in vector["properties"].items()}
    assert types == {
        "int_param": "integer",
        "float_param": "number",
        "string_param": "string",
        "bool_param": "boolean",
        "datetime_param": "string",
        "date_param": "string",
    }
    formats = {
        name: schema["format"]
        for name, schema in vector["properties"].items()
        if schema["type"] == "string" and "format" in schema
    }
    assert formats == {"datetime_param": "date-time", "date_param": "date"}


def test_lists_dicts_and_none_are_documented(tmp_path: Path) -> None:
    sample = {"numbers": [1.5], "customer": {"name": "Ann"}, "anything": None}
    write_module(tmp_path, f"def sample(): return {sample}\n{RUN}")
    with serving(tmp_path) as server:
        vector = document_of(server)["definitions"]["input_vector"]
    properties = vector["properties"]
    assert set(vector["required"]) == {"numbers", "customer"}
    assert properties["numbers"]["type"] == "array"
    assert properties["numbers"]["items"]["type"] == "number"
    assert properties["customer"]["properties"]["name"]["type"] == "string"
    assert properties["customer"]["required"] == ["name"]
    assert "type" not in properties["anything"]


def operations_with_mask(document: dict[str, Any]) -> set[str]:
    return {
        name
        for name, operation in operations(document).items()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "X-Fields"
    }


def call(server: Server, operation: str, **headers: str) -> requests.Response:
    method, path = operation.split()
    row = VALID if method == "POST" else None
    return requests.request(
        method, f"{server.url}/api{path}", json=row, headers=headers, timeout=20
    )


def test_the_mask_is_not_documented_by_default(document: dict[str, Any]) -> None:
    assert operations_with_mask(document) == set()


def test_the_mask_works_for_each_operation_that_documents_it(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path, RESTX_MASK_SWAGGER="on") as server:
        names = operations_with_mask(document_of(server))
        assert names
        for name in names:
            first, value = next(iter(call(server, name).json().items()))
            response = call(server, name, **{"X-Fields": f"{{{first}}}"})
            assert (response.status_code, response.json()) == (200, {first: value}), name
            for mask in MALFORMED_MASKS:
                response = call(server, name, **{"X-Fields": mask})
                assert response.status_code == 400, mask
                assert isinstance(response.json()["message"], str)


def test_a_malformed_mask_is_not_a_server_error(tmp_path: Path) -> None:
    write_module(tmp_path, ECHO)
    with serving(tmp_path) as server:
        for name in ("GET /liveness", "GET /readiness", "POST /model/predict"):
            for mask in MALFORMED_MASKS:
                assert call(server, name, **{"X-Fields": mask}).status_code in (200, 400)
