"""The TypedDicts that a model module's functions are annotated with."""

import dataclasses
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from app.errors import ModelError
from app.predictor.dialect import Schema
from app.predictor.hints import (
    contains_typed_dict,
    is_typed_dict,
    schema_of_hint,
    schema_of_typed_dict,
)
from app.predictor.module import ModelModule, format_exception_line

# Attributes of pydantic's models, of named tuples and of msgspec's Structs.
_OF_OTHER_CLASSES = ("model_fields", "_fields", "__struct_fields__")

_log = logging.getLogger(__name__)


def parameters_schema(file: Path, module: ModelModule) -> Schema | None:
    """Return the schema of a body by the annotation of `run()`, or of `run_batch()`'s items.

    Returns:
        None where neither is annotated with a TypedDict.

    Raises:
        ModelError: JSON cannot say a hint, or the two functions disagree.

    """
    hint = _of_parameter(file, module, "run")
    of_run = _typed_dict(file, "run()", hint, hint)
    of_batch = None
    if hasattr(module, "run_batch"):
        hint = _of_parameter(file, module, "run_batch")
        of_batch = _typed_dict(file, "run_batch()", hint, next(iter(get_args(hint)), None))
    if of_run and of_batch and of_run is not of_batch:
        raise ModelError(
            f"run() and run_batch() in {file.name} are annotated with different TypedDicts: "
            "use one for both"
        )
    row = of_run or of_batch
    return schema_of_typed_dict(row) if row else None


def answer_schema(module: ModelModule) -> Schema | None:
    """Return the schema of an answer by the return annotation of `run()`.

    Returns:
        None where there is no TypedDict in it.

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
    if is_typed_dict(annotation):
        return schema_of_typed_dict(annotation)
    if contains_typed_dict(annotation):  # list[Answer], Answer | None
        return schema_of_hint(annotation, "The return annotation of run()")
    return None


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


def _typed_dict(file: Path, function: str, hint: object, row: object) -> type | None:
    """Return the TypedDict that a function's rows are annotated with; None for another hint.

    Args:
        file: the model module.
        function: its name.
        hint: the annotation of its parameter.
        row: what that says of one row.

    """
    if is_typed_dict(row):
        return row
    what = f"{function} in {file.name} is annotated with {getattr(row, '__name__', hint)}"
    if isinstance(row, type) and (
        dataclasses.is_dataclass(row) or any(hasattr(row, name) for name in _OF_OTHER_CLASSES)
    ):
        raise ModelError(f"{what}, but a row is a dict: make it a TypedDict")
    if contains_typed_dict(hint):
        raise ModelError(f"{what}: write run(row: Row), and run_batch(rows: list[Row])")
    return None
