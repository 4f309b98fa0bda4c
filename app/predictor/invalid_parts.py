"""Finds the invalid parts of a body: counts all of them, and collects the first.

A body of 1 MiB can have millions, and the full validator takes 20 µs or more for each. So one walk
over the body finds them, in the order of the full validator, and in a time that grows with the
body alone; the full validator then words those that are shown (see validation.py).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple

from app.codec import JsonValue, Row
from app.predictor.dialect import Schema
from app.predictor.fast_validation import compile_validator


class InvalidPart(NamedTuple):
    """A value in a body that is not valid, or is missing.

    Attributes:
        path: the names and indices that lead to it.
        schema: what it is not valid by, without the schemas of its own parts.
        value: the value; an empty object where a name is missing in it.

    """

    path: tuple[str | int, ...]
    schema: Schema
    value: JsonValue


class InvalidParts:
    """The invalid parts of a body.

    Attributes:
        first: as many of them as are collected, in the order of the full validator.
        total: the number of all.
        path: the names and indices that lead to where the walk is.

    """

    def __init__(self, limit: int) -> None:
        """Collect the first `limit`."""
        self.first: list[InvalidPart] = []
        self.total = 0
        self.path: list[str | int] = []
        self._limit = limit

    def add(self, schema: Schema, value: JsonValue) -> None:
        """Count the part where the walk is, and collect it if it is one of the first."""
        self.total += 1
        if len(self.first) < self._limit:
            self.first.append(InvalidPart(tuple(self.path), schema, value))

    def add_missing(self, count: int, required: list[str], value: Row) -> None:
        """Count `count` required names that an object has not, and collect the first."""
        self.total += count
        if room := self._limit - len(self.first):
            names = islice((name for name in required if name not in value), room)
            self.first += [
                InvalidPart((*self.path, name), {"required": [name]}, {}) for name in names
            ]


# What of a schema is about the parts of a value.
_OF_PARTS = ("items", "properties", "required", "additionalProperties")

# Adds the invalid parts of a value.
Finder = Callable[[JsonValue, InvalidParts], None]


def compile_finder(schema: Schema) -> Finder:
    """Return a function that finds the parts of a value that are not valid by `schema`.

    Args:
        schema: of the dialect that dialect.py describes.

    """
    if "anyOf" in schema:
        return _any_of(schema)
    if schema.get("type") == "array":
        return _parts(schema, _items(compile_finder(schema["items"])))
    if schema.get("type") == "object":
        if "additionalProperties" in schema:
            return _parts(schema, _values(compile_finder(schema["additionalProperties"])))
        members = {
            name: compile_finder(item) for name, item in schema.get("properties", {}).items()
        }
        return _parts(schema, _members(members, schema.get("required", [])))
    return _scalar(schema)


def _scalar(schema: Schema) -> Finder:
    is_valid = compile_validator(schema)

    def find(value: JsonValue, parts: InvalidParts) -> None:
        if not is_valid(value):
            parts.add(schema, value)

    return find


def _parts(schema: Schema, find_in_parts: Finder) -> Finder:
    """Return a function that finds the invalid parts of a list or object, and itself."""
    own = {word: value for word, value in schema.items() if word not in _OF_PARTS}
    anything: Schema = {"items": {}} if own["type"] == "array" else {}
    is_valid = compile_validator({**own, **anything})
    is_of_type = compile_validator({"type": own["type"], **anything})

    def find(value: JsonValue, parts: InvalidParts) -> None:
        if not is_valid(value):
            parts.add(own, value)
        if is_of_type(value):
            find_in_parts(value, parts)

    return find


def _any_of(schema: Schema) -> Finder:
    """Return a function that tells what is wrong by the one alternative that a value is meant by.

    It has the value's type and, of several objects, the choices that the value has, such as
    `"kind": "house"`.
    """
    is_valid = compile_validator(schema)
    of_type = [compile_validator(_type_alone(item)) for item in schema["anyOf"]]
    of_choices = [compile_validator(_choices_alone(item)) for item in schema["anyOf"]]
    finders = [compile_finder(item) for item in schema["anyOf"]]
    kinds = {item["type"]: None for item in schema["anyOf"] if "type" in item}

    def find(value: JsonValue, parts: InvalidParts) -> None:
        if is_valid(value):
            return
        meant = [index for index, is_of_type in enumerate(of_type) if is_of_type(value)]
        if not meant:
            parts.add({"type": list(kinds)}, value)
            return
        if len(meant) > 1:
            meant = [index for index in meant if of_choices[index](value)]
        if len(meant) == 1:
            finders[meant[0]](value, parts)
        else:
            parts.add(schema, value)

    return find


def _type_alone(schema: Schema) -> Schema:
    kind = schema.get("type")
    if kind is None:
        return {}
    return {"type": kind, "items": {}} if kind == "array" else {"type": kind}


def _choices_alone(schema: Schema) -> Schema:
    """Return a schema of objects with only their properties that have choices."""
    properties = schema.get("properties", {})
    choices = {name: {"enum": item["enum"]} for name, item in properties.items() if "enum" in item}
    return {**_type_alone(schema), "properties": choices} if choices else {}


def _items(find_in_item: Finder) -> Finder:
    def find(value: list[JsonValue], parts: InvalidParts) -> None:
        path = parts.path
        path.append(0)
        for index, item in enumerate(value):
            path[-1] = index
            find_in_item(item, parts)
        path.pop()

    return find


def _values(find_in_value: Finder) -> Finder:
    def find(value: Row, parts: InvalidParts) -> None:
        for name, item in value.items():
            parts.path.append(name)
            find_in_value(item, parts)
            parts.path.pop()

    return find


def _members(members: Mapping[str, Finder], required: list[str]) -> Finder:
    positions = {name: position for position, name in enumerate(members)}
    required_names = frozenset(required)

    def find(value: Row, parts: InvalidParts) -> None:
        if value:
            # The intersection of views takes the time of the smaller.
            for name in sorted(positions.keys() & value.keys(), key=positions.__getitem__):
                parts.path.append(name)
                members[name](value[name], parts)
                parts.path.pop()
        if missing := len(required) - len(required_names.intersection(value)):
            parts.add_missing(missing, required, value)

    return find
