"""Describes fitted estimators: scikit-learn's, and those of libraries with its interface."""

import json
from collections.abc import Sequence
from typing import Any

from app.bare.columns import final_of, takes_pandas_categories
from app.bare.description import Description, choices
from app.bare.facts import facts_of
from app.bare.inputs import input_of
from app.bare.model_file import ModelFile
from app.codec import JsonValue, Row
from app.errors import ModelError


def describe_estimator(
    file: ModelFile,
    model: Any,  # noqa: ANN401 - any estimator
    load: Sequence[str],
    imports: Sequence[str],
    sample: Row,
) -> Description:
    """Return the description of a fitted estimator.

    Args:
        file: it comes from.
        model: the estimator.
        load: lines that load it.
        imports: what they need.
        sample: an example of its parameters; empty where there is none.

    Raises:
        ModelError: it does not predict, or does not tell what it takes.

    """
    if not hasattr(model, "predict"):
        raise ModelError(
            f"{file.data.name} holds a {type(model).__name__}, which has no predict(): save an "
            "estimator, or a pipeline that ends with one"
        )
    if takes_pandas_categories(model):
        raise categories_error(file)
    kind = type(final_of(model)).__name__
    parameters, features, of_input = input_of(file, facts_of(model), sample)
    classes = _classes(model)
    has_probabilities = classes is not None and hasattr(model, "predict_proba")
    answer = {}
    if classes is not None:
        answer["prediction"] = choices(classes)
    if has_probabilities:
        answer["probabilities"] = "dict[str, float]"
    return Description(
        title=kind,
        imports=[*imports, *of_input],
        constants={"CLASSES": _keys(classes)} if classes and has_probabilities else {},
        load=load,
        model=model,
        parameters=parameters,
        features=features,
        predict=_predict(kind, has_probabilities=has_probabilities),
        answer=answer,
    )


_PREDICTION = ['return [{"prediction": value} for value in model.predict(X).tolist()]']
_PROBABILITIES = [
    "probabilities = model.predict_proba(X)",
    "predictions = model.predict(X).ravel().tolist()",  # CatBoost's have a column
]


def categories_error(file: ModelFile) -> ModelError:
    """Return the error of a model whose categories are not known."""
    return ModelError(
        f"{file.data.name} was trained with columns of pandas' category dtype, and does not tell "
        "their categories: encode them in a pipeline, or write a module"
    )


# What predict() of these does itself: https://scikit-learn.org/stable/modules/ensemble.html
_MOST_PROBABLE = [
    "probabilities = model.predict_proba(X)",
    "predictions = model.classes_[probabilities.argmax(axis=1)].tolist()",
]
_OF_TREES = (
    "DecisionTreeClassifier",
    "ExtraTreeClassifier",
    "ExtraTreesClassifier",
    "RandomForestClassifier",
)
_ANSWERS = [
    "return [",
    '    {"prediction": value, "probabilities": dict(zip(CLASSES, row))}',
    "    for value, row in zip(predictions, probabilities.tolist())",
    "]",
]


def _predict(kind: str, *, has_probabilities: bool) -> list[str]:
    """Return the lines that predict with an estimator of this class."""
    if not has_probabilities:
        return _PREDICTION
    return [*(_MOST_PROBABLE if kind in _OF_TREES else _PROBABILITIES), *_ANSWERS]


def _classes(model: Any) -> list[JsonValue] | None:  # noqa: ANN401
    """Return the classes of a classifier of one output; None for any other."""
    classes: Any = getattr(model, "classes_", None)
    if getattr(classes, "ndim", 0) != 1 or _is_multilabel(model):
        return None
    values: list[JsonValue] = classes.tolist()
    return values or None  # CatBoost's regressors have an empty list


def _is_multilabel(model: Any) -> bool:  # noqa: ANN401
    final = final_of(model)
    is_logistic = getattr(final, "out_activation_", "") == "logistic"
    return getattr(final, "multilabel_", False) or (is_logistic and final.n_outputs_ > 1)


def _keys(classes: Sequence[JsonValue]) -> list[JsonValue]:
    """Return the names of classes in a JSON object."""
    return [value if isinstance(value, str) else json.dumps(value) for value in classes]
