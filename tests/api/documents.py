"""The documents of a running service, and models whose parameters they have to describe."""

from typing import Any

from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV31SpecValidator, validate

from tests.helpers import VALID, Server

IMPORTS = "import datetime, decimal, threading\nimport numpy\n"
RUN = "def run(input_data): return input_data\n"
SAMPLES = {
    "six types": repr(VALID),
    "Python objects": (
        "{'at': datetime.datetime(2021, 10, 26, 12, tzinfo=datetime.UTC),"
        " 'naive': datetime.datetime(2021, 10, 26), 'day': datetime.date(2021, 10, 26),"
        " 'price': decimal.Decimal('9.99'), 'pair': (1, 2)}"
    ),
    "numpy objects": (
        "{'count': numpy.int32(3), 'ratio': numpy.float32(0.5), 'flag': numpy.bool_(True),"
        " 'vector': numpy.array([1.5, 2.5]), 'matrix': numpy.ones((2, 2), dtype=int),"
        " 'at': numpy.datetime64('2021-10-26T12:00:00')}"
    ),
    "lists": "{'same': [1, 2], 'mixed': [1, 'a', None], 'nested': [[0.5]], 'none': []}",
    "dicts": "{'customer': {'name': 'Ann', 'since': '2021-10-26', 'more': {}}, 'rows': [{'x': 1}]}",
    "optional": "{'anything': None, 'nested': {'anything': None}}",
    "keywords of Swagger": (
        "{'type': 'x', 'required': True, 'example': 1, 'properties': {'format': 'date'}, '': 0,"
        " 'größe / m²': 2.5}"
    ),
    "extremes": "{'large': 2**63 - 1, 'tiny': 5e-324, 'nan': float('nan'), 'text': '\\x00\\u2028'}",
    "empty": "{}",
}
TYPED = """
    from typing import Annotated, Literal, NotRequired, TypedDict

    class Place(TypedDict):
        name: Annotated[str, {"minLength": 1, "maxLength": 20}]
        height: NotRequired[float | None]

    class Row(TypedDict):
        docks: Annotated[int, {"minimum": 0, "maximum": 100, "multipleOf": 2}, "places"]
        rate: Annotated[float, {"minimum": 0, "exclusiveMinimum": True, "maximum": 1}]
        weather: Literal["clear", "rain"]
        level: Literal[1, 2] | None
        wind: NotRequired[Annotated[float | None, {"default": 0.0}]]
        key: int | str
        code: Annotated[str, {"pattern": "^[A-Z]{2}$"}]
        places: Annotated[list[Place], {"minItems": 1, "maxItems": 3}]

    class Prediction(TypedDict):
        bikes: float
        weather: Literal["clear", "rain"]
        wind: float | None

    def sample():
        return {
            "docks": 2, "rate": 0.5, "weather": "rain", "level": None, "wind": 1.5, "key": "a",
            "code": "NL", "places": [{"name": "Utrecht", "height": None}],
        }

    def run(input_data: Row) -> Prediction:
        wind, places = input_data["wind"], len(input_data["places"])
        bikes = input_data["docks"] * input_data["rate"] + places
        return {"bikes": bikes, "weather": input_data["weather"], "wind": wind}
"""


def document_of(server: Server) -> dict[str, Any]:
    """Return the Swagger document; it and the OpenAPI document must be valid."""
    validate(_get(server, "/api/openapi.json"), cls=OpenAPIV31SpecValidator)
    document = _get(server, "/api/swagger.json")
    validate(document, cls=OpenAPIV2SpecValidator)
    return document


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations of a document, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _get(server: Server, path: str) -> dict[str, Any]:
    response = server.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    document: dict[str, Any] = response.json()
    return document
