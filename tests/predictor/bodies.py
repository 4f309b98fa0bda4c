"""Samples and bodies that hypothesis makes, and what jsonschema itself says of a body."""

import ast
from typing import Any

from hypothesis import strategies as st

from app.predictor.formats import format_checker
from app.predictor.validation import SchemaValidator

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


def errors_of_jsonschema(schema: dict[str, Any], body: Any) -> list[tuple[str, str]]:
    """Return the key and the message of every error, in order; a long value is truncated."""
    errors = []
    for error in SchemaValidator(schema, format_checker=format_checker).iter_errors(body):
        path, message, value = list(error.absolute_path), error.message, repr(error.instance)
        if error.validator == "required":
            path.append(ast.literal_eval(message.removesuffix(" is a required property")))
        elif len(value) > 100:
            message = f"{value[:100]}…{message.removeprefix(value)}"
        errors.append((".".join(map(str, path)), message))
    return errors
