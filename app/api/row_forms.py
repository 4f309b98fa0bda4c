"""Rows as the clients of other servers send them, which rows of the native API become."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from werkzeug.exceptions import BadRequest

from app.api.rows import RowLimits
from app.codec import JsonValue, Row
from app.errors import InvalidInputError
from app.predictor.dialect import Schema
from app.predictor.parameters import Parameters
from app.predictor.validation import MAX_ERRORS
from app.text import truncate

_MAX_SHOWN = 100  # characters

_KINDS = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}

_Item = TypeVar("_Item")


class RowError(ValueError):
    """A row is not of the form; the message says why, and `each_row` adds its index."""


class RowForms:
    """Reads instances, each of which is one of three forms of a row.

    - an object of parameters, each a value or a list of one: KServe's server for scikit-learn makes
      a DataFrame of an instance, which takes lists alone;
    - a list of values in the order of the parameters; optional ones at the end may be missing;
    - the value itself, where the model has one parameter.
    """

    def __init__(self, parameters: Parameters, limits: RowLimits) -> None:
        """Read instances as rows of `parameters`, within `limits`."""
        properties = parameters.schema.get("properties", {})
        required = frozenset(parameters.schema.get("required", ()))
        self._names = parameters.names
        self._fewest = max((n for n, it in enumerate(self._names, 1) if it in required), default=0)
        self._without_lists = {it for it in properties if "array" not in kinds_of(properties[it])}
        self._is_valid = parameters.is_valid
        self._limits = limits

    def read(self, instances: Sequence[JsonValue]) -> list[JsonValue]:
        """Return instances as rows; one that is of no form stays as it is.

        Raises:
            InvalidInputError: some are lists with too many or too few values.
            RequestEntityTooLarge: there are more than MAX_ROWS.

        """
        return each_row(instances, self._row, self._limits)

    def _row(self, instance: JsonValue) -> JsonValue:
        if isinstance(instance, dict):
            return {name: self._value(name, value) for name, value in instance.items()}
        if len(self._names) == 1:
            return self._row_of_one(instance)
        return self.name_values(instance) if isinstance(instance, list) else instance

    def _value(self, name: str, value: JsonValue) -> JsonValue:
        is_wrapped = isinstance(value, list) and len(value) == 1 and name in self._without_lists
        return value[0] if is_wrapped else value

    def _row_of_one(self, value: JsonValue) -> Row:
        (name,) = self._names
        if isinstance(value, list) and len(value) == 1 and not self._is_valid({name: value}):
            (value,) = value
        return {name: value}

    def name_values(self, values: Sequence[JsonValue]) -> Row:
        """Return values in the order of the parameters as a row.

        Raises:
            RowError: there are too many or too few.

        """
        if not self._names:
            raise RowError("the model does not name its parameters: send an object")
        if not self._fewest <= len(values) <= len(self._names):
            names = truncate(", ".join(self._names), _MAX_SHOWN)
            raise RowError(f"{len(values)} values for {len(self._names)} parameters: send {names}")
        return dict(zip(self._names, values, strict=False))


def each_row(
    items: Sequence[_Item], read: Callable[[_Item], JsonValue], limits: RowLimits
) -> list[JsonValue]:
    """Return what `read` makes of each item.

    Raises:
        InvalidInputError: it has raised RowError for some.
        RequestEntityTooLarge: there are more than MAX_ROWS.

    """
    limits.check_number(len(items))  # before any copy is made
    rows: list[JsonValue] = []
    errors: dict[str, str] = {}
    total = 0
    for index, item in enumerate(items):
        try:
            rows.append(read(item))
        except RowError as error:
            total += 1
            if total <= MAX_ERRORS:
                errors[str(index)] = str(error)
    if errors:
        raise InvalidInputError(errors, total)
    return rows


def member(body: JsonValue, *names: str) -> tuple[str, JsonValue]:
    """Return the one member of a body that has one of these names, and its name.

    Raises:
        BadRequest: the body is not an object, or has none of them, or several.

    """
    form = f'send {{"{names[0]}": […]}}'
    if len(names) > 1:
        form += f", or one of {', '.join(names[1:])}"
    if not isinstance(body, dict):
        raise BadRequest(f"The body is not an object: {form}")
    found = [name for name in names if name in body]
    if not found:
        missing = (
            f"The body has none of {', '.join(names)}" if names[1:] else f"{names[0]} is missing"
        )
        raise BadRequest(f"{missing}: {form}")
    if len(found) > 1:
        raise BadRequest(f"The body has {' and '.join(found)}: send one of them")
    return found[0], body[found[0]]


def kinds_of(schema: Schema) -> frozenset[str]:
    """Return the types that a value may have; an integer is a number."""
    if "anyOf" in schema:
        return frozenset[str]().union(*map(kinds_of, schema["anyOf"]))
    if "type" in schema:
        return frozenset({"number" if schema["type"] == "integer" else schema["type"]})
    if "enum" in schema:
        return frozenset(_KINDS[type(value)] for value in schema["enum"])
    return frozenset(_KINDS.values())
