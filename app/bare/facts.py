"""What a fitted object tells of its input."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.bare.columns import columns_of, final_of, steps_of, takes_text
from app.bare.description import Parameter

# The names that LightGBM and CatBoost give to the columns of an array.
_UNNAMED = re.compile(r"(Column_)?\d+")


class Facts(NamedTuple):
    """What a model tells of its input.

    Attributes:
        kind: its class.
        columns: those that it needs, in order; empty where it does not tell.
        has_names: whether they have names that were given in training.
        takes_text: whether the input is one text for each row.

    """

    kind: str
    columns: Sequence[Parameter]
    has_names: bool
    takes_text: bool = False


def facts_of(model: Any) -> Facts:  # noqa: ANN401 - any estimator
    """Return what a fitted estimator tells of its input."""
    steps = steps_of(model)
    kind = type(final_of(model)).__name__
    if takes_text(steps):
        return Facts(kind, [], has_names=False, takes_text=True)
    fitted = getattr(model, "feature_names_in_", None)
    if fitted is None:
        fitted = getattr(model, "feature_names_", None)  # CatBoost's
    names = [] if fitted is None else [str(name) for name in fitted]
    has_names = is_named(names)
    if not has_names:
        size = len(names) or int(getattr(model, "n_features_in_", 0))
        names = [str(number) for number in range(size)]
    return Facts(kind, _typed(model, columns_of(steps, names)), has_names)


def is_named(columns: Sequence[str]) -> bool:
    """Return whether columns have names that were given in training."""
    return any(not _UNNAMED.fullmatch(name) for name in columns)


def _typed(model: Any, columns: Sequence[Parameter]) -> Sequence[Parameter]:  # noqa: ANN401
    """Return columns with the types that CatBoost knows: a category is a text."""
    categories: Sequence[int] = getattr(model, "get_cat_feature_indices", list)()
    return [
        column._replace(hint="str", example="text") if index in categories else column
        for index, column in enumerate(columns)
    ]
