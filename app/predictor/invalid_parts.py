"""Finds the invalid parts of a body: counts all of them, and collects the first.

A body of 1 MiB can have millions, and the full validator takes 20 µs or more for each. So one walk
over the body finds them, in the order of the full validator, and in a time that grows with the
body alone; the full validator then words those that are shown (see validation.py).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple, TypeAlias

from app.codec import JsonValue, Row
from app.predictor.fast_validation import compile_validator

Schema: TypeAlias = Mapping[str, JsonValue]


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


# Adds the invalid parts of a value.
Finder = Callable[[JsonValue, InvalidParts], None]


def compile_finder(schema: Schema) -> Finder:
    """Return a function that finds the parts of a value that are not valid by `schema`.

    Args:
        schema: as parameters.py derives it from a sample.

    """
    if schema.get("type") == "array":
        return _array(compile_finder(schema["items"]))
    if schema.get("type") == "object":
        members = {
            name: compile_finder(item) for name, item in schema.get("properties", {}).items()
        }
        return _object(members, schema.get("required", []))
    return _scalar(schema)


def _scalar(schema: Schema) -> Finder:
    is_valid = compile_validator(schema)

    def find(value: JsonValue, parts: InvalidParts) -> None:
        if not is_valid(value):
            parts.add(schema, value)

    return find


def _array(find_in_item: Finder) -> Finder:
    def find(value: JsonValue, parts: InvalidParts) -> None:
        if type(value) is not list:
            parts.add({"type": "array"}, value)
            return
        path = parts.path
        path.append(0)
        for index, item in enumerate(value):
            path[-1] = index
            find_in_item(item, parts)
        path.pop()

    return find


def _object(members: Mapping[str, Finder], required: list[str]) -> Finder:
    positions = {name: position for position, name in enumerate(members)}
    required_names = frozenset(required)

    def find(value: JsonValue, parts: InvalidParts) -> None:
        if type(value) is not dict:
            parts.add({"type": "object"}, value)
            return
        if value:
            # The intersection of views takes the time of the smaller.
            for name in sorted(positions.keys() & value.keys(), key=positions.__getitem__):
                parts.path.append(name)
                members[name](value[name], parts)
                parts.path.pop()
        if missing := len(required) - len(required_names.intersection(value)):
            parts.add_missing(missing, required, value)

    return find
