"""The JSON Schema of a TypedDict: of the parameters, or of the answer."""

import collections.abc
import datetime
import decimal
import enum
import numbers
import types
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, TypeGuard, Union, get_args, get_origin, get_type_hints

from app.codec import JsonValue
from app.errors import ModelError
from app.predictor.dialect import Schema, json_key
from app.predictor.examples import to_python
from app.predictor.hint_forms import is_required, unqualified, without_alias
from app.predictor.keywords import KeywordError, annotate
from app.predictor.module import format_exception_line
from app.predictor.validation import Validator
from app.text import truncate

_NULL: Schema = {"type": "null"}
# By the first type that fits; numpy's numbers are registered with those of `numbers`.
_SCALARS: tuple[tuple[type | tuple[type, ...], Schema], ...] = (
    (bool, {"type": "boolean"}),
    (numbers.Integral, {"type": "integer", "format": "int64"}),
    ((numbers.Real, decimal.Decimal), {"type": "number"}),
    (str, {"type": "string"}),
    (datetime.datetime, {"type": "string", "format": "date-time"}),
    (datetime.date, {"type": "string", "format": "date"}),
    (types.NoneType, _NULL),
)
_LISTS = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_OBJECTS = (dict, collections.abc.Mapping)
_HELP = "use int, float, bool, str, date, datetime, Literal, list, dict, a TypedDict, or | of these"


class _HintError(Exception):
    """JSON cannot say a hint; the message says why, and what to write."""


def is_typed_dict(hint: object) -> TypeGuard[type]:
    """Return whether a type is a TypedDict: typing's, or that of typing_extensions."""
    return isinstance(hint, type) and issubclass(hint, dict) and hasattr(hint, "__required_keys__")


def schema_of_typed_dict(row: type) -> Schema:
    """Return the schema of the objects that a TypedDict describes.

    Raises:
        ModelError: JSON cannot say it; the message has a line for each key.

    """
    return schema_of_hint(row, row.__name__)


def contains_typed_dict(hint: object) -> bool:
    """Return whether a hint is a TypedDict, or has one in it: `list[Row]`, `Row | None`."""
    return is_typed_dict(hint) or any(map(contains_typed_dict, get_args(hint)))


def schema_of_hint(hint: object, where: str) -> Schema:
    """Return the schema of the values that a hint describes.

    Args:
        hint: any that JSON can say.
        where: its name, for the messages.

    Raises:
        ModelError: JSON cannot say it; the message has a line for each key of a TypedDict.

    """
    errors: list[str] = []
    schema: Schema = {}
    try:
        schema = _Reader(errors).schema(hint, where)
    except (_HintError, KeywordError) as error:
        errors.append(f"{where}: {error}")
    if errors:
        raise ModelError("\n".join(errors))
    return schema


class _Reader:
    """Reads the hints of a TypedDict and of those in it, and collects their errors."""

    def __init__(self, errors: list[str]) -> None:
        self._errors = errors
        self._entered: list[type] = []

    def typed_dict(self, row: type, where: str) -> Schema:
        if row in self._entered:
            raise _HintError(f"{row.__name__} contains itself: write dict there")
        try:
            hints = get_type_hints(row, include_extras=True)
        except Exception as error:
            raise _HintError(f"{format_exception_line(error)}: fix the annotations") from error
        self._entered.append(row)
        properties = {name: self._member(hint, where, name) for name, hint in hints.items()}
        self._entered.pop()
        required = [
            name
            for name, hint in hints.items()
            if is_required(row, name, hint) and "default" not in properties[name]
        ]
        schema: dict[str, JsonValue] = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        if description := row.__dict__.get("__doc__"):
            schema["description"] = " ".join(description.split())
        return schema

    def _member(self, hint: Any, where: str, name: str) -> Schema:  # noqa: ANN401 - of any kind
        where = f"{where}[{name!r}]"
        try:
            schema = self.schema(unqualified(hint)[0], where)
            for keyword in ("default", "example"):
                if keyword in schema:
                    _check_value(schema, keyword)
        except (_HintError, KeywordError) as error:
            self._errors.append(f"{where}: {error}")
            return {}
        return schema

    def schema(self, hint: Any, where: str) -> Schema:  # noqa: ANN401
        hint = without_alias(hint)
        origin, args = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return annotate(self.schema(args[0], where), args[1:])
        if origin in (Union, types.UnionType):
            return _any_of([self.schema(arg, where) for arg in args])
        if origin is Literal:
            return _choices(args)
        if hint in (Any, object):
            return {}
        if hint is None:
            return _NULL
        return self._schema_of_class(origin or hint, args, where)

    def _schema_of_class(self, kind: Any, args: tuple[Any, ...], where: str) -> Schema:  # noqa: ANN401
        if is_typed_dict(kind):
            return self.typed_dict(kind, where)
        if kind in _OBJECTS:
            return self._object(args, where)
        if kind in _LISTS:
            return self._list(kind, args, where)
        if isinstance(kind, enum.EnumMeta):
            members: Iterable[enum.Enum] = kind
            return _choices([member.value for member in members])
        if schema := _scalar(kind):
            return schema
        raise _HintError(f"{_shown(kind)} has no JSON counterpart: {_HELP}")

    def _object(self, args: tuple[Any, ...], where: str) -> Schema:
        name, value = args or (str, Any)
        if name is not str:
            raise _HintError(
                f"dict[{_shown(name)}, …]: names in JSON are strings: use dict[str, …]"
            )
        schema = self.schema(value, where)
        return {"type": "object", **({"additionalProperties": schema} if schema else {})}

    def _list(self, kind: type, args: tuple[Any, ...], where: str) -> Schema:
        if kind is tuple and len(args) > 1 and args[1] is not Ellipsis:
            if len(set(args)) > 1:
                raise _HintError("a tuple of several types: use a TypedDict, or a list")
            length = {"minItems": len(args), "maxItems": len(args)}
        else:
            length = {}
        return {"type": "array", **length, "items": self.schema(args[0] if args else Any, where)}


def _scalar(kind: object) -> Schema:
    """Return the schema of a type of scalars; an empty one for any other."""
    fitting = (
        schema for type_, schema in _SCALARS if isinstance(kind, type) and issubclass(kind, type_)
    )
    return next(fitting, {})


def _any_of(schemas: Sequence[Schema]) -> Schema:
    """Return the schema of values that are valid by one of several."""
    alternatives: list[Schema] = []
    for schema in schemas:
        for item in schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]:
            if item not in alternatives:
                alternatives.append(item)
    if {} in alternatives:
        return {}
    return alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives}


def _choices(values: Sequence[object]) -> Schema:
    """Return the schema of a Literal, or of the values of an Enum."""
    if not values:
        raise _HintError("a Literal or Enum without choices: give one at least")
    plain = [to_python(value) for value in values]
    for value in plain:
        if not isinstance(value, None | bool | int | float | str) or value != value:  # noqa: PLR0124
            raise _HintError(
                f"{_shown(value)} is no choice: use a text, a number, True, False or None"
            )
    choices = {json_key(value): value for value in plain if value is not None}
    kinds = {type(value) for value in choices.values()}
    schema: dict[str, JsonValue] = {"enum": list(choices.values())}
    if kinds <= {int, float}:
        kinds = {float if float in kinds else int}
    if len(kinds) == 1:
        schema = {**_scalar(kinds.pop()), **schema}
    if None not in plain:
        return schema
    return {"anyOf": [schema, _NULL]} if choices else _NULL


def _check_value(schema: Schema, keyword: str) -> None:
    errors = Validator(schema).validate(schema[keyword]).errors
    if errors:
        raise _HintError(f"its {keyword}: {next(iter(errors.values()))}: give another")


def _shown(hint: object) -> str:
    return truncate(hint.__name__ if isinstance(hint, type) else str(hint), 100)
