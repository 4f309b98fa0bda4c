"""Checks what `run_batch()` returned: one prediction per row, in their order."""

from collections.abc import Iterable, Mapping, Sized
from collections.abc import Set as AbstractSet
from itertools import islice

from app.codec import JsonValue
from app.predictor.module import type_name

# Iterating these gives names, characters, or an order of their own.
_NO_LISTS = (str, bytes, bytearray, memoryview, Mapping, AbstractSet)
# Likewise named tuples, DataFrames and pydantic models, by the attributes of their types.
_ATTRIBUTES_OF_NO_LISTS = ("_fields", "columns", "model_fields")


class BatchResultsError(Exception):
    """`run_batch()` returned something else; the message says what, and what to return."""


def one_per_row(results: object, rows: int) -> list[JsonValue]:
    """Return the results as a list: of any sequence, array, Series or iterator.

    Raises:
        BatchResultsError: they are not one per row, in order.

    """
    if (
        not isinstance(results, Iterable)
        or isinstance(results, _NO_LISTS)
        or any(hasattr(type(results), name) for name in _ATTRIBUTES_OF_NO_LISTS)
        or getattr(results, "shape", None) == ()
    ):
        raise _error(f"a {type_name(results)}")
    if isinstance(results, Sized) and len(results) != rows:
        raise _error(f"{len(results)} results for {rows} rows")
    predictions = list(islice(iter(results), rows + 1))  # an iterator may be endless
    if len(predictions) != rows:
        number = f"more than {rows}" if len(predictions) > rows else len(predictions)
        raise _error(f"{number} results for {rows} rows")
    return predictions


def _error(what: str) -> BatchResultsError:
    return BatchResultsError(
        f"run_batch() returned {what}: return a list with one prediction per row"
    )
