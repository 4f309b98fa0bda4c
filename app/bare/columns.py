"""What the fitted transformers of scikit-learn tell of the columns of their input."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from app.bare.description import Parameter, choices
from app.codec import JsonValue

_TEXT = (CountVectorizer, HashingVectorizer)  # and TfidfVectorizer, which is a CountVectorizer
_TREES = ("Tree", "Forest", "Bagging")


def steps_of(model: Any) -> list[Any]:  # noqa: ANN401 - any estimator
    """Return the fitted transformers of a model in their order, and its estimator."""
    if (wrapped := _wrapped(model)) is not None:
        return steps_of(wrapped)
    if not isinstance(model, Pipeline):
        return [] if model is None or isinstance(model, str) else [model]
    return [step for _, part in model.steps for step in steps_of(part)]


def _wrapped(model: Any) -> Any:  # noqa: ANN401
    """Return the fitted estimator that another passes its input to; None where there is none."""
    match type(model).__name__:
        case "TransformedTargetRegressor":
            return model.regressor_
        case "FixedThresholdClassifier" | "SelfTrainingClassifier" | "TunedThresholdClassifierCV":
            return model.estimator_
        case "CalibratedClassifierCV":
            return model.calibrated_classifiers_[0].estimator
        case "StackingClassifier" | "StackingRegressor" | "VotingClassifier" | "VotingRegressor":
            return model.estimators_[0]
    return getattr(model, "best_estimator_", None)


def final_of(model: Any) -> Any:  # noqa: ANN401
    """Return the estimator at the end of a model."""
    if isinstance(model, Pipeline):
        return final_of(model.steps[-1][1])
    best = getattr(model, "best_estimator_", None)
    return model if best is None else final_of(best)


def takes_text(steps: Sequence[Any]) -> bool:
    """Return whether the input is a text for each row, not columns."""
    return bool(steps) and isinstance(steps[0], _TEXT)


def takes_pandas_categories(model: Any) -> bool:  # noqa: ANN401
    """Return whether columns have pandas' category dtype: boosters do not tell the categories."""
    final = final_of(model)
    of_xgboost = getattr(final, "get_booster", None)
    of_lightgbm = getattr(final, "booster_", None)
    is_from_dtype = getattr(final, "categorical_features", None) == "from_dtype"
    return bool(
        (of_xgboost and "c" in (of_xgboost().feature_types or ()))
        or getattr(of_lightgbm, "pandas_categorical", None)
        or (is_from_dtype and final.is_categorical_ is not None and final.is_categorical_.any())
    )


def columns_of(steps: Sequence[Any], names: Sequence[str]) -> list[Parameter]:
    """Return the columns that a model uses.

    Args:
        steps: of the model.
        names: of all columns that it was trained with.

    """
    if not (steps and isinstance(steps[0], ColumnTransformer)):
        return _columns(steps, names)
    found: dict[str, Parameter] = {}
    for _, transformer, selected in steps[0].transformers_:
        if transformer != "drop":  # else the column is not needed
            own = [*steps_of(transformer), *steps[1:]]
            for column in _columns(own, [*_selected(selected, names)]):
                # A column may go to several transformers: one that knows more comes first.
                if column.name not in found or found[column.name].hint == "float":
                    found[column.name] = column
    return [found[name] for name in names if name in found]


def _selected(columns: Any, names: Sequence[str]) -> Iterator[str]:  # noqa: ANN401 - as ColumnTransformer has them
    """Yield the names of the columns of a part of a ColumnTransformer."""
    if isinstance(columns, slice):
        start, stop = (
            names.index(it) if isinstance(it, str) else it for it in (columns.start, columns.stop)
        )
        inclusive = isinstance(columns.stop, str)
        yield from names[start : stop + 1 if inclusive else stop : columns.step]
        return
    columns = [columns] if isinstance(columns, str | int) else list(columns)
    for position, column in enumerate(columns):
        if isinstance(column, str):
            yield column
        elif not isinstance(column, bool) and type(column).__name__ not in ("bool", "bool_"):
            yield names[column]
        elif column:
            yield names[position]


def _columns(steps: Sequence[Any], names: Sequence[str]) -> list[Parameter]:
    """Return columns that all go through these steps.

    An imputer passes the columns on; the step after it tells of them, and those after that see
    others.
    """
    imputers = []
    for step in steps:
        if not _is_imputer(step):
            break
        imputers.append(step)
    first = steps[len(imputers)] if len(imputers) < len(steps) else None
    missing = _missing(steps)
    filled = _per_column(imputers[:1], "statistics_", names)
    if isinstance(first, _TEXT):
        return [Parameter(name, "str", "text") for name in names]
    if len(categories := getattr(first, "categories_", ())) == len(names):
        return [
            _choice(name, list(values), example, missing if imputers else "")
            for name, values, example in zip(names, categories, filled, strict=True)
        ]
    middle = next(
        (
            it
            for key in ("mean_", "center_", "data_min_")
            if any(it := _per_column([first], key, names))
        ),
        filled,
    )
    ranges = zip(
        _per_column([first], "data_min_", names),
        _per_column([first], "data_max_", names),
        strict=True,
    )
    return [
        _number(name, value if default is None else default, bounds, missing)
        for name, value, default, bounds in zip(names, middle, filled, ranges, strict=True)
    ]


def _choice(name: str, values: list[Any], example: JsonValue, missing: str) -> Parameter:
    known = [plain for value in values if (plain := _plain(value)) is not None]
    if len(known) < len(values):
        missing = "None" if None in values else "nan"
    hint = choices([*known, None] if missing else known)
    return Parameter(name, hint, example if example in known else known[0], missing=missing)


def _number(
    name: str, value: JsonValue, bounds: tuple[JsonValue, JsonValue], missing: str
) -> Parameter:
    low, high = bounds
    # Not the parameter's bounds: a model may be asked for more than it has seen.
    described = "" if low is None else f"{low:g} to {high:g} in the training data"
    hint = "str" if isinstance(value, str) else "float"
    example = value if isinstance(value, str) else float(f"{value or 0.0:.3g}")
    return Parameter(name, f"{hint} | None" if missing else hint, example, described, missing)


def _per_column(steps: Sequence[Any], attribute: str, names: Sequence[str]) -> list[JsonValue]:
    """Return what an attribute of the first step has for each column; None where it has nothing."""
    values = getattr(steps[0], attribute, None) if steps else None
    if values is None or getattr(values, "shape", None) != (len(names),):
        return [None] * len(names)
    return [_plain(value) for value in values]


def _plain(value: Any) -> JsonValue:  # noqa: ANN401 - a scalar of numpy
    """Return a scalar as JSON has it; None for a missing value."""
    value = value.item() if hasattr(value, "item") else value
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def _is_imputer(step: Any) -> bool:  # noqa: ANN401
    return type(step).__module__.startswith("sklearn.impute")


def _missing(steps: Sequence[Any]) -> str:
    """Return what stands for a missing value, if it goes through all steps, or up to an imputer.

    A forest takes one, but says nothing of it where it has seen none in training.
    """
    for step in steps:
        if _is_imputer(step):
            return "None" if step.missing_values is None else "nan"
        if any(word in type(step).__name__ for word in _TREES):
            return ""
        try:
            if not get_tags(step).input_tags.allow_nan:
                return ""
        except Exception:  # noqa: BLE001 - an estimator of another library
            return ""
    return "nan"
