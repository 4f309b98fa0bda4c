"""The TypedDicts that a model module's functions are annotated with."""

import dataclasses
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from app.errors import ModelError
from app.predictor.dialect import Schema
from app.predictor.hints import is_typed_dict, schema_of_typed_dict
from app.predictor.module import ModelModule, format_exception_line

_log = logging.getLogger(__name__)


def parameters_schema(file: Path, module: ModelModule) -> Schema | None:
    """Return the schema of a body by the annotation of `run()`, or of `run_batch()`'s items.

    Returns:
        None where neither is annotated with a TypedDict.

    Raises:
        ModelError: JSON cannot say a hint, or the two functions disagree.

    """
    rows = {"run()": _of_parameter(file, module, "run")}
    if hasattr(module, "run_batch"):
        items = get_args(_of_parameter(file, module, "run_batch"))
        rows["run_batch()"] = items[0] if len(items) == 1 else None
    typed = {function: row for function, row in rows.items() if is_typed_dict(row)}
    for function, row in rows.items():
        if _is_other_class(row):
            raise ModelError(
                f"{function} in {file.name} is annotated with {row.__name__}, but it gets a dict: "
                "make it a TypedDict"
            )
    if len(set(map(id, typed.values()))) > 1:
        raise ModelError(
            f"run() and run_batch() in {file.name} are annotated with different TypedDicts: "
            "use one for both"
        )
    return schema_of_typed_dict(next(iter(typed.values()))) if typed else None


def answer_schema(module: ModelModule) -> Schema | None:
    """Return the schema of an answer by the return annotation of `run()`.

    Returns:
        None where that is no TypedDict.

    Raises:
        ModelError: JSON cannot say a hint.

    """
    signature = _signature(module.run)
    try:
        annotation = (
            _evaluated(module, module.run, signature.return_annotation) if signature else None
        )
    except Exception as error:  # noqa: BLE001 - annotations are the user's code
        # Often the name is only imported for a type checker.
        _log.info("The return annotation of run() is not used: %s", format_exception_line(error))
        return None
    return schema_of_typed_dict(annotation) if is_typed_dict(annotation) else None


def _of_parameter(file: Path, module: ModelModule, name: str) -> Any:  # noqa: ANN401 - a type
    """Return the annotation of a function's first parameter; None without one."""
    function = getattr(module, name)
    signature = _signature(function)
    parameter = next(iter(signature.parameters.values()), None) if signature else None
    try:
        return parameter and _evaluated(module, function, parameter.annotation)
    except Exception as error:
        raise ModelError(
            f"The annotation of {name}()'s parameter in {file.name} cannot be evaluated: "
            f"{format_exception_line(error)}: define the name, or write dict"
        ) from error


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return the signature of a function; some of those written in C have none."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


def _evaluated(module: ModelModule, function: Callable[..., Any], annotation: object) -> Any:  # noqa: ANN401
    """Return an annotation; a string, or one that contains strings, is evaluated."""

    def annotated() -> None: ...

    if annotation is inspect.Parameter.empty:
        return None
    annotated.__annotations__ = {"it": annotation}
    names = getattr(inspect.unwrap(function), "__globals__", vars(module))
    hint = get_type_hints(annotated, globalns=names, include_extras=True)["it"]
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    return get_origin(hint) if is_typed_dict(get_origin(hint)) else hint  # of a generic one


def _is_other_class(hint: object) -> bool:
    """Return whether a hint is a class of objects with attributes, which a row is not."""
    return isinstance(hint, type) and (
        dataclasses.is_dataclass(hint) or hasattr(hint, "model_fields") or hasattr(hint, "_fields")
    )
