"""From the predictions of a request to tensors."""

from collections.abc import Collection, Mapping
from itertools import chain
from types import NoneType

import orjson

from app.api.v2_types import ONLY_OUTPUT, content, output_schemas, tensor_metadata
from app.codec import JsonValue, encode
from app.predictor.dialect import Schema

_MANY_NAMES = 100  # more may be data, such as ids
_INT64_MAX = 2**63 - 1
_DATATYPES = {bool: "BOOL", str: "BYTES", float: "FP64"}


def tensors_of(predictions: bytes, answer: Schema) -> list[dict[str, JsonValue]]:
    """Return the output tensors, in which a row that lacks a name of others has null.

    Args:
        predictions: a JSON array.
        answer: what is known of the schema of a prediction.

    """
    known = {name: tensor_metadata(name, schema) for name, schema in output_schemas(answer).items()}
    values = orjson.loads(predictions)
    if not values:
        return [{**metadata, "shape": [0], "data": []} for metadata in known.values()]
    return [
        {"name": name, **_tensor(column, known.get(name, {}).get("datatype"))}
        for name, column in _columns(values).items()
    ]


def _columns(values: list[JsonValue]) -> Mapping[str, list[JsonValue]]:
    if {*map(type, values)} != {dict}:
        return {ONLY_OUTPUT: values}
    names = dict.fromkeys(chain.from_iterable(values))
    if len(names) > _MANY_NAMES and len(names) * len(values) > 2 * sum(map(len, values)):
        return {ONLY_OUTPUT: values}  # most of a table would be null
    return {name: [value.get(name) for value in values] for name in names}


def _tensor(column: list[JsonValue], declared: str | None) -> dict[str, JsonValue]:
    """Return the tensor of a column, without its name.

    Numbers and texts may be null. Lists of the same lengths are more dimensions. What a tensor
    cannot say is JSON texts.
    """
    shape = [len(column)]
    values = column
    types = {*map(type, values)}
    while types == {list} and len({*map(len, values)}) == 1:
        shape.append(len(values[0]))
        values = list(chain.from_iterable(values))
        types = {*map(type, values)}
    datatype = _datatype(values, types, declared)
    if datatype is None:
        texts = [encode(value).decode() for value in column]
        return {
            "datatype": "BYTES",
            "shape": [len(column)],
            "parameters": content("json"),
            "data": texts,
        }
    return {"datatype": datatype, "shape": shape, "data": values}


def _datatype(values: list[JsonValue], types: Collection[type], declared: str | None) -> str | None:
    kinds = {*types} - {NoneType}
    if not kinds:
        return declared or "FP64"
    if kinds <= {int, float}:
        # null is what NaN became: clients read it as NaN, of which integers have none.
        is_integer = kinds == {int} and NoneType not in types and declared != "FP64"
        if not is_integer:
            return "FP64"
        if max(values) <= _INT64_MAX:
            return "INT64"
        return "UINT64" if min(values) >= 0 else "FP64"
    if len(kinds) > 1 or types == {bool, NoneType}:
        return None
    return _DATATYPES.get(kinds.pop())
