"""Describes a model that LightGBM's Booster has saved."""

from typing import Any

from app.bare.description import Description, Parameter
from app.bare.estimators import categories_error
from app.bare.facts import Facts, is_named
from app.bare.inputs import input_of
from app.bare.model_file import ModelFile
from app.codec import Row

_REGRESSION = ['return [{"prediction": value} for value in model.predict(X).tolist()]']
_BINARY = [
    "probabilities = model.predict(X).tolist()",
    "return [",
    '    {"prediction": int(p > 0.5), "probabilities": {"0": 1 - p, "1": p}}',
    "    for p in probabilities",
    "]",
]
_MULTICLASS = [
    "probabilities = model.predict(X)",
    "predictions = probabilities.argmax(axis=1).tolist()",
    "return [",
    '    {"prediction": value, "probabilities": {str(k): p for k, p in enumerate(row)}}',
    "    for value, row in zip(predictions, probabilities.tolist())",
    "]",
]


def describe_lightgbm(file: ModelFile, sample: Row) -> Description:
    """Return the description of a LightGBM model.

    Args:
        file: the model file.
        sample: an example of its parameters; empty where there is none.

    Raises:
        ModelError: it takes categories of pandas, or does not tell what it takes.

    """
    import lightgbm  # noqa: PLC0415

    model = lightgbm.Booster(model_file=file.data)
    if model.pandas_categorical:
        raise categories_error(file)
    content = model.dump_model(num_iteration=1)
    objective = content.get("objective", "").split(" ")[0]
    size = {"binary": 2, "multiclass": content["num_class"], "multiclassova": content["num_class"]}
    classes = range(size.get(objective, 0))
    parameters, features, imports = input_of(file, _facts(model, content), sample)
    answer = {
        "prediction": f"Literal[{', '.join(map(str, classes))}]",
        "probabilities": "dict[str, float]",
    }
    predict = _BINARY if objective == "binary" else _MULTICLASS if classes else _REGRESSION
    return Description(
        title="LightGBM",
        imports=["import lightgbm", *imports],
        load=["model = lightgbm.Booster(model_file=path)"],
        model=model,
        parameters=parameters,
        features=features,
        predict=predict,
        answer=answer if classes else {},
    )


def _facts(model: Any, content: dict[str, Any]) -> Facts:  # noqa: ANN401 - a Booster
    columns = []
    for name in model.feature_name():
        info = content["feature_infos"].get(name, {})
        low, high = info.get("min_value"), info.get("max_value")
        if low is None or info.get("values"):
            columns.append(Parameter(name))
        else:
            described = f"{low:g} to {high:g} in the training data"
            columns.append(Parameter(name, "float", float(f"{low:.3g}"), described))
    return Facts("Booster", columns, is_named(model.feature_name()))
