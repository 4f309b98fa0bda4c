"""TypedDicts that hypothesis makes, and bodies that are nearly valid by them."""

import datetime
from typing import Annotated, Any, Literal, NotRequired, TypedDict, Union

from hypothesis import strategies as st

from app.predictor.dialect import Schema
from tests.predictor.bodies import DATE_TIMES, DATES, NUMBERS, TEXTS, VALUES


class Keywords(dict[str, Any]):
    """Keywords that may be in a part of a union, whose parts Python hashes."""

    __hash__ = object.__hash__  # type: ignore[assignment]


BOUNDS = st.integers(-3, 3) | st.floats(-3, 3)
LENGTHS = st.integers(0, 2)


def keywords(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


NUMBER_KEYWORDS = keywords(
    minimum=BOUNDS,
    exclusiveMinimum=BOUNDS,
    maximum=BOUNDS,
    exclusiveMaximum=BOUNDS,
    multipleOf=st.sampled_from([1, 2, 0.1, 0.25, 1.5]),
)
TEXT_KEYWORDS = keywords(
    minLength=LENGTHS, maxLength=LENGTHS, pattern=st.sampled_from(["^a", "[0-9]$", "^.?$"])
)
LIST_KEYWORDS = keywords(minItems=LENGTHS, maxItems=LENGTHS, uniqueItems=st.booleans())
CHOICES = st.lists(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from("ab"), min_size=1, max_size=4
)


def annotated(kinds: st.SearchStrategy[Any], words: st.SearchStrategy[Any]) -> Any:
    return st.builds(lambda kind, keywords: Annotated[kind, Keywords(keywords)], kinds, words)


def typed_dict(members: dict[str, Any]) -> Any:
    return TypedDict("Row", members)  # type: ignore[operator]


def typed_dicts(hints: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    members = hints | hints.map(lambda hint: NotRequired[hint])
    return st.dictionaries(st.sampled_from("abcd"), members, max_size=4).map(typed_dict)


HINTS = st.recursive(
    st.sampled_from([bool, str, datetime.date, datetime.datetime, None, Any])
    | annotated(st.sampled_from([int, float]), NUMBER_KEYWORDS)
    | annotated(st.just(str), TEXT_KEYWORDS)
    | CHOICES.map(lambda choices: Literal[tuple(choices)]),
    lambda inner: (
        annotated(inner.map(lambda hint: list[hint]), LIST_KEYWORDS)  # type: ignore[valid-type]
        | inner.map(lambda hint: dict[str, hint])  # type: ignore[valid-type]
        | st.lists(inner, min_size=2, max_size=3).map(
            lambda hints: Union[tuple(hints)]  # noqa: UP007 - their number differs
        )
        | typed_dicts(inner)
    ),
    max_leaves=5,
)
ROWS = typed_dicts(HINTS)


def bodies(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that are often valid by a schema, and often nearly."""
    return _near(schema) | _near(schema) | _near(schema) | VALUES


def _near(schema: Schema) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of(*map(_near, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | st.sampled_from([0, 1.0, True, "c", None])
    if schema.get("type") == "array":
        return st.lists(bodies(schema["items"]), max_size=3)
    if schema.get("type") == "object":
        near = {name: bodies(item) for name, item in schema.get("properties", {}).items()}
        other = bodies(schema.get("additionalProperties", {}))
        return st.builds(
            lambda known, others: {**known, **others},
            st.fixed_dictionaries(near) | st.fixed_dictionaries({}, optional=near),
            st.dictionaries(st.sampled_from("efgh"), other, max_size=2),
        )
    scalars = _SCALARS.get(schema.get("format", schema.get("type")), VALUES)
    bounds = [schema[bound] for bound in ("minimum", "maximum") if bound in schema]
    return st.sampled_from(bounds) | scalars if bounds else scalars


_SCALARS = {
    "boolean": st.booleans(),
    "null": st.none(),
    "string": TEXTS,
    "date": DATES,
    "date-time": DATE_TIMES,
    **dict.fromkeys(
        ("int64", "number"), st.sampled_from([0, 0.3, 1, 1.5, 3.0, -2]) | BOUNDS | NUMBERS
    ),
}
