"""What `Annotated` says of a type: JSON Schema keywords, and objects that are read as these.

The objects are those of annotated-types, pydantic and msgspec. They are read by their documented
attributes, so that none of these packages is needed.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from app.codec import JsonValue
from app.errors import ModelError
from app.predictor.dialect import Schema, compile_pattern, json_key
from app.predictor.examples import sendable, to_python
from app.predictor.fast_validation import compile_validator
from app.text import truncate

_MutableSchema: TypeAlias = dict[str, JsonValue]

_ATTRIBUTES = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": "min_length",  # which depends on the type
    "max_length": "max_length",
    "pattern": "pattern",
    "description": "description",
    "documentation": "description",
    "unit": "unit",
}
_NUMBER = ("integer", "number")
_LENGTHS = {"string": "Length", "array": "Items", "object": "Properties"}


class KeywordError(ValueError):
    """A keyword has no such value, or is not for this type; the message says so."""


def annotate(schema: Schema, metadata: tuple[Any, ...]) -> Schema:
    """Return a schema with what the further arguments of `Annotated` say.

    Raises:
        KeywordError: JSON Schema cannot say it, or not of this type.

    """
    annotated = dict(schema)
    for item in metadata:
        for keyword, value in _keywords_of(item):
            _add(annotated, keyword, value)
    if unit := annotated.pop("unit", ""):
        annotated["description"] = f"{annotated.get('description', '')} [{unit}]".strip()
    if "items" in annotated:  # their errors come last
        annotated["items"] = annotated.pop("items")
    return annotated


def _keywords_of(item: object) -> Iterator[tuple[str, JsonValue]]:
    if isinstance(item, str):
        yield "description", item
    elif isinstance(item, Mapping):
        yield from _without_flags(dict(item)).items()
    elif callable(getattr(item, "func", None)):  # annotated-types' Predicate, pydantic's validators
        raise KeywordError(f"JSON Schema cannot say {_shown(item)}: check it in run()")
    else:
        for name, keyword in _ATTRIBUTES.items():
            if (value := getattr(item, name, None)) is not None:
                yield keyword, value
        yield from _keywords_of_field(item)


def _keywords_of_field(item: object) -> Iterator[tuple[str, JsonValue]]:
    """Yield what a pydantic.Field() has elsewhere: its bounds and its default."""
    metadata = getattr(item, "metadata", None)
    if isinstance(metadata, list):
        for part in metadata:
            yield from _keywords_of(part)
    is_required = getattr(item, "is_required", None)
    if callable(is_required) and not is_required():
        yield "default", item.get_default(call_default_factory=True)  # type: ignore[attr-defined]


def _without_flags(keywords: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Return keywords whose exclusive bounds are numbers; in draft 4 they are flags."""
    for name in ("Minimum", "Maximum"):
        bound, exclusive = name.lower(), f"exclusive{name}"
        if isinstance(keywords.get(exclusive), bool) and keywords.pop(exclusive):
            keywords[exclusive] = keywords.pop(bound, None)
    return keywords


def _add(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    """Add a keyword; to those alternatives of a union whose type it is for."""
    if keyword not in _SETTERS:
        raise KeywordError(f"{_shown(keyword)} is not one of {', '.join(_SETTERS)}")
    types, set_ = _SETTERS[keyword]
    if types is None:
        set_(schema, keyword, to_python(value))
        return
    alternatives = [dict(item) for item in schema.get("anyOf", [])]
    fitting = [item for item in alternatives or [schema] if item.get("type") in types]
    if not fitting:
        kind = schema.get("type", "this type")
        raise KeywordError(f"{keyword} is for {' or '.join(types)}, not for {kind}")
    for item in fitting:
        set_(item, keyword, to_python(value))
    if alternatives:
        schema["anyOf"] = alternatives


def _set_bound(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    """Set a bound as draft 4 has it; of two, the stricter one."""
    _check(keyword, value, is_valid=_is_number(value), expected="a number")
    name = keyword.removeprefix("exclusive").lower()
    sign = 1 if name == "minimum" else -1
    flag = f"exclusive{name.capitalize()}"
    bound = sign * value, flag == keyword
    if name in schema and (sign * schema[name], schema.get(flag, False)) > bound:
        return
    schema[name] = value
    schema.pop(flag, None)
    if flag == keyword:
        schema[flag] = True


def _set_length(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    is_valid = type(value) is int and value >= 0
    _check(keyword, value, is_valid=is_valid, expected="a number of items or characters")
    if keyword in ("min_length", "max_length"):
        keyword = f"{keyword[:3]}{_LENGTHS[schema['type']]}"
    schema[keyword] = value


def _set_multiple(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    is_valid = _is_number(value) and value > 0
    _check(keyword, value, is_valid=is_valid, expected="a number above 0")
    schema[keyword] = value


def _set_pattern(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    text = value.pattern if isinstance(value, re.Pattern) else value
    _check(keyword, value, is_valid=isinstance(text, str), expected="a regular expression")
    try:
        compile_pattern(text)
    except ValueError as error:
        raise KeywordError(
            f"pattern {_shown(text)} is not a regular expression of RE2: {error}"
        ) from None
    schema[keyword] = text


def _set_format(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    is_valid = value in ("date", "date-time")
    _check(keyword, value, is_valid=is_valid, expected="'date' or 'date-time'")
    schema[keyword] = value


def _set_text(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    _check(keyword, value, is_valid=isinstance(value, str), expected="a text")
    schema[keyword] = _sendable(value, keyword)


def _set_flag(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    _check(keyword, value, is_valid=isinstance(value, bool), expected="True or False")
    schema[keyword] = value


def _set_enum(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    is_valid = isinstance(value, list | tuple) and len(value) > 0
    _check(keyword, value, is_valid=is_valid, expected="a list of choices")
    choices = list({json_key(item): item for item in _sendable(list(value), keyword)}.values())
    is_of_type = compile_validator(schema)
    for choice in choices:
        expected = f"choices that are valid by {schema.get('type', 'the type')}"
        _check(keyword, choice, is_valid=is_of_type(choice), expected=expected)
    if "anyOf" not in schema:
        schema[keyword] = choices
        return
    alternatives = [
        item if item == {"type": "null"} else {**item, keyword: chosen}
        for item in schema.pop("anyOf")
        if (chosen := list(filter(compile_validator(item), choices)))
    ]
    schema.update(alternatives[0] if len(alternatives) == 1 else {"anyOf": alternatives})


def _set_value(schema: _MutableSchema, keyword: str, value: JsonValue) -> None:
    schema[keyword] = _sendable(value, keyword)


_Setter: TypeAlias = Callable[[_MutableSchema, str, JsonValue], None]
_SETTERS: Mapping[str, tuple[tuple[str, ...] | None, _Setter]] = {
    **dict.fromkeys(("minimum", "maximum"), (_NUMBER, _set_bound)),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), (_NUMBER, _set_bound)),
    "multipleOf": (_NUMBER, _set_multiple),
    **dict.fromkeys(("minLength", "maxLength"), (("string",), _set_length)),
    "pattern": (("string",), _set_pattern),
    "format": (("string",), _set_format),
    **dict.fromkeys(("minItems", "maxItems"), (("array",), _set_length)),
    "uniqueItems": (("array",), _set_flag),
    **dict.fromkeys(("minProperties", "maxProperties"), (("object",), _set_length)),
    **dict.fromkeys(("min_length", "max_length"), (tuple(_LENGTHS), _set_length)),
    "enum": (None, _set_enum),
    "default": (None, _set_value),
    "example": (None, _set_value),
    **dict.fromkeys(("title", "description", "unit"), (None, _set_text)),
}


def _check(keyword: str, value: JsonValue, *, is_valid: bool, expected: str) -> None:
    if not is_valid:
        raise KeywordError(f"{keyword} is {_shown(value)}: give {expected}")


def _is_number(value: JsonValue) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _sendable(value: JsonValue, keyword: str) -> JsonValue:
    try:
        return sendable(value, keyword)
    except ModelError as error:
        raise KeywordError(str(error)) from None


def _shown(value: object) -> str:
    return truncate(repr(value), 100)
