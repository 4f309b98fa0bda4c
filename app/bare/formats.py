"""Reads a model file by its format, and describes what is in it."""

import json
from collections.abc import Callable, Collection

from app.bare.description import Description
from app.bare.estimators import describe_estimator
from app.bare.lightgbm_model import describe_lightgbm
from app.bare.model_file import ModelFile
from app.bare.onnx_model import describe_onnx
from app.bare.python_source import source_of, wrapped
from app.codec import JsonValue, Row
from app.errors import ModelError
from app.text import truncate

_MAX_SHOWN = 1000
_CLASSIFIERS = ("Logloss", "CrossEntropy", "MultiClass", "MultiClassOneVsAll")  # CatBoost's losses


def describe(file: ModelFile, sample: Row, allowed: Collection[str]) -> Description:
    """Return what is known of a model file, with the model in it.

    Args:
        file: the model file.
        sample: an example of its parameters; empty where there is none.
        allowed: types, as `module.name`, that a skops file may hold beyond those of skops.

    Raises:
        ModelError: the model cannot be served without a module.

    """
    if file.format == "skops":
        return _describe_skops(file, sample, {*allowed, *file.signature.trusted})
    return _DESCRIBE[file.format](file, sample)


def _describe_joblib(file: ModelFile, sample: Row) -> Description:
    import joblib  # noqa: PLC0415

    model = joblib.load(file.data)
    return describe_estimator(file, model, ["model = joblib.load(path)"], ["import joblib"], sample)


def _describe_skops(file: ModelFile, sample: Row, allowed: set[str]) -> Description:
    from skops import io  # noqa: PLC0415

    trusted: list[JsonValue] = io.get_untrusted_types(file=file.data)
    if unknown := [name for name in trusted if name not in allowed]:
        raise ModelError(
            f"{file.data.name} holds {truncate(', '.join(unknown), _MAX_SHOWN)}, which neither "
            "skops nor PICKLE_ALLOWED trusts: add it to PICKLE_ALLOWED if you trust it"
        )
    load = [
        *wrapped("trusted = ", source_of(trusted)),
        "model = skops.io.load(path, trusted=trusted)",
    ]
    model = io.load(file.data, trusted=trusted)
    return describe_estimator(file, model, load, ["import skops.io"], sample)


def _describe_xgboost(file: ModelFile, sample: Row) -> Description:
    import xgboost  # noqa: PLC0415

    config = json.loads(xgboost.Booster(model_file=file.data).save_config())["learner"]
    objective = config["objective"]["name"]
    kind = "XGBRanker" if objective.startswith("rank:") else "XGBRegressor"
    if objective.startswith("multi:") or objective == "binary:logistic":
        kind = "XGBClassifier"
    model = getattr(xgboost, kind)()
    model.load_model(file.data)
    load = [f"model = xgboost.{kind}()", "model.load_model(path)"]
    return describe_estimator(file, model, load, ["import xgboost"], sample)


def _describe_catboost(file: ModelFile, sample: Row) -> Description:
    import catboost  # noqa: PLC0415

    loss = catboost.CatBoost().load_model(file.data).get_all_params().get("loss_function", "")
    kind = "CatBoostClassifier" if loss in _CLASSIFIERS else "CatBoostRegressor"
    model = getattr(catboost, kind)().load_model(file.data)
    load = [f"model = catboost.{kind}().load_model(path)"]
    return describe_estimator(file, model, load, ["import catboost"], sample)


_DESCRIBE: dict[str, Callable[[ModelFile, Row], Description]] = {
    "joblib": _describe_joblib,
    "onnx": describe_onnx,
    "xgboost": _describe_xgboost,
    "lightgbm": describe_lightgbm,
    "catboost": _describe_catboost,
}
