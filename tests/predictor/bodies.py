"""Samples and bodies that hypothesis makes, and what jsonschema itself says of a body."""

import ast
import json
from typing import Any

from hypothesis import strategies as st
from jsonschema import ValidationError

from app.predictor.dialect import Schema, SchemaValidator
from app.predictor.formats import format_checker, is_date_time

DATES = st.dates().map(str)
DATE_TIMES = st.datetimes().map(lambda time: f"{time.isoformat()}Z")
NUMBERS = (
    st.integers(-(2**64), 2**64)
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-3, 3).map(float)
    | st.sampled_from(
        [2**63 - 1, 2**63, -(2**63), -(2**63) - 1, float(2**63), -float(2**63), 1e300]
    )
)
TEXTS = (
    st.text(max_size=5)
    | DATES
    | DATE_TIMES
    | st.sampled_from(
        ["2021-10-26T12:00:00", "2021-13-01", "20211026", "2021-02-29", "2021-10-26t12:00:00z"]
    )
)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
EXAMPLES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
SAMPLES = st.dictionaries(st.sampled_from("abcd"), EXAMPLES, max_size=4)


def shaken(value: Any) -> st.SearchStrategy[Any]:
    """Bodies like a sample, with some of its parts replaced, or left out."""
    if isinstance(value, dict):
        return st.fixed_dictionaries(
            {}, optional={name: shaken(item) for name, item in value.items()}
        ) | st.fixed_dictionaries({name: shaken(item) for name, item in value.items()})
    if isinstance(value, list):
        return st.tuples(*map(shaken, value)).map(list) | st.just(value)
    return st.just(value) | st.just(value) | VALUES


def errors_of_jsonschema(schema: Schema, body: Any) -> list[tuple[str, str]]:
    """Return the key and the message of the first error of every part, in order."""
    errors: dict[str, str] = {}
    for error in SchemaValidator(schema, format_checker=format_checker).iter_errors(body):
        for path, message in _explained(error):
            errors.setdefault(".".join(map(str, path)), message)
    return list(errors.items())


def _explained(error: ValidationError) -> list[tuple[list[Any], str]]:
    """Return the path and message of an error; of a union, those of the value's type."""
    path, message, value = list(error.absolute_path), error.message, error.instance
    rule: Any = error.validator_value
    if error.validator == "anyOf":
        of_type = {
            index: errors
            for index in range(len(rule))
            if (errors := [one for one in error.context if one.schema_path[0] == index])
            and not any(one.validator == "type" and not one.path for one in errors)
        }
        if len(of_type) > 1:  # of objects, those whose choices the value has
            of_type = {
                index: errors
                for index, errors in of_type.items()
                if not any(
                    one.validator == "enum"
                    and len(one.path) == 1
                    and rule[index]["type"] == "object"
                    for one in errors
                )
            } or {-1: [], -2: []}
        if len(of_type) == 1:
            return [part for one in next(iter(of_type.values())) for part in _explained(one)]
        if not of_type:
            names = ", ".join(dict.fromkeys(repr(schema["type"]) for schema in rule))
            return [(path, f"{words(value)} is not of type {names}")]
        return [(path, f"{words(value)} is not valid under any of the given schemas")]
    if error.validator == "required":
        path.append(ast.literal_eval(message.removesuffix(" is a required property")))
        return [(path, message)]
    if error.validator == "enum":
        choices = ", ".join(map(words, rule))
        return [(path, f"{words(value)} is not one of [{choices}]")]
    if rule == "date-time" and is_date_time(f"{value}Z"):
        message += ": add Z or an offset, such as +02:00"
    return [(path, words(value) + message.removeprefix(repr(value)))]


def words(value: Any) -> str:
    """Return a value as Python shows it, but null, true and false; truncated."""
    text = _words(value)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _words(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_words, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name!r}: {_words(item)}' for name, item in value.items())}}}"
    return json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
