"""Reads an `MLmodel`, the file that describes a model that MLflow has saved.

https://mlflow.org/docs/latest/ml/model/ has its form.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.codec import JsonValue
from app.errors import ModelError

MLMODEL = "MLmodel"

# Each native flavor, and the keys of it that may name the model's file.
_FLAVORS = {
    "sklearn": ("pickled_model",),
    "xgboost": ("data",),
    "lightgbm": ("data", "lgb_model"),
    "catboost": ("data",),
    "onnx": ("data",),
}
_HINTS = {
    "boolean": "bool",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "string": "str",
    "datetime": "datetime",
}


@dataclass(frozen=True)
class Signature:
    """What an `MLmodel` says of the model's input.

    Attributes:
        hints: name of a column to its type hint, as source code; empty where it has no names.
        size: the number of columns of an array without names; 0 where it is not known.
        example: a row, by names; or a list of its values.
        trusted: the types beyond those of skops that the model may hold.

    """

    hints: Mapping[str, str] = field(default_factory=dict)
    size: int = 0
    example: JsonValue = None
    trusted: Sequence[str] = ()


NO_SIGNATURE = Signature()


def read_mlmodel(path: Path) -> tuple[Path, str, Signature]:
    """Return the model's file, its native flavor, and the signature.

    Raises:
        ModelError: it is not valid, or has no flavor that can be served.

    """
    import yaml  # noqa: PLC0415 - where it is needed

    try:
        content = yaml.safe_load(path.read_bytes())
        flavors = content["flavors"]
        flavor = next((name for name in _FLAVORS if name in flavors), None)
        if flavor is None:
            raise ModelError(
                f"{MLMODEL} has the flavors {', '.join(flavors)}: save the model with one of "
                f"{', '.join(_FLAVORS)}, or write a module"
            )
        keys = (*_FLAVORS[flavor], "model_data", "path")
        name = next(flavors[flavor][key] for key in keys if flavors[flavor].get(key))
        trusted = flavors[flavor].get("skops_trusted_types") or ()
        signature = dataclasses.replace(_signature(path.parent, content), trusted=trusted)
        return path.parent / name, flavor, signature
    except (yaml.YAMLError, StopIteration, KeyError, TypeError, ValueError, OSError) as error:
        raise ModelError(
            f"{MLMODEL} is not as MLflow writes it ({type(error).__name__}): save the model again"
        ) from error


def _signature(folder: Path, content: Mapping[str, JsonValue]) -> Signature:
    inputs = json.loads((content.get("signature") or {}).get("inputs") or "[]")
    example = _example(folder, content.get("saved_input_example_info") or {})
    if inputs and inputs[0]["type"] == "tensor":
        shape = inputs[0]["tensor-spec"]["shape"]
        return Signature({}, max(shape[-1], 0), example)
    hints = {}
    for column in inputs:
        hint = _HINTS.get(column["type"], "Any")
        hints[column["name"]] = hint if column.get("required", True) else f"{hint} | None"
    return Signature(hints, len(hints), example)


def _example(folder: Path, info: Mapping[str, JsonValue]) -> JsonValue:
    """Return the first row of the input example; None where there is none that can be used."""
    file = folder / str(info.get("artifact_path"))
    if not file.is_file():
        return None
    content = json.loads(file.read_bytes())
    if isinstance(content, dict) and isinstance(content.get("data"), list):
        row = content["data"][0]
        return dict(zip(content["columns"], row, strict=True)) if "columns" in content else row
    if isinstance(content, dict) and isinstance(content.get("inputs"), list):
        return content["inputs"][0]
    return content[0] if isinstance(content, list) and content else None
