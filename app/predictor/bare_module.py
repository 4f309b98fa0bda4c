"""The module of a model file that is served without one."""

import json
from collections.abc import Collection
from types import ModuleType
from typing import cast

from app.bare.formats import describe
from app.bare.model_file import ModelFile
from app.bare.source import module_source
from app.codec import Row
from app.errors import ModelError
from app.predictor.main_names import serve_main_names
from app.predictor.module import (
    ModelModule,
    describe_failure,
    load_error_type,
    unload_models,
)


def load_model_file(file: ModelFile, allowed: Collection[str]) -> ModelModule:
    """Load a model file, and return the module that serves it.

    The model is in memory then: the module has no `init()`, unless each process needs its own.

    Args:
        file: the model file.
        allowed: what PICKLE_ALLOWED lists.

    Raises:
        ModelError: it cannot be loaded, or does not tell what it takes.

    """
    source, model = _source_and_model(file, allowed)
    module = ModuleType(file.name)
    module.__file__ = str(file.data.resolve())
    exec(compile(source, f"<{file.path.name}>", "exec"), vars(module))  # noqa: S102 - own code
    if model is not None:
        module.model = model  # type: ignore[attr-defined]
        del module.init
    return cast("ModelModule", module)


def scaffold(file: ModelFile, allowed: Collection[str]) -> str:
    """Return the source code of the module of a model file.

    Args:
        file: the model file.
        allowed: what PICKLE_ALLOWED lists.

    Raises:
        ModelError: as `load_model_file`.

    """
    return _source_and_model(file, allowed)[0]


def _source_and_model(file: ModelFile, allowed: Collection[str]) -> tuple[str, object]:
    sample = _read_sample(file)
    unload_models()
    serve_main_names(ModuleType(file.name))
    try:
        description = describe(file, sample, allowed)
        return module_source(file, description), description.model
    except ModelError:
        raise
    except BaseException as error:
        error_type = load_error_type(file.path, error)
        raise error_type(*describe_failure(file.path, "load", error)) from error


def _read_sample(file: ModelFile) -> Row:
    """Return the example of a model's parameters: beside it, else of its `MLmodel`, else empty."""
    path = file.sample
    if not path.is_file():
        example = file.signature.example
        return example if isinstance(example, dict) else {"features": example} if example else {}
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path.name} cannot be read: {error}: write a JSON object") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path.name} is no JSON object: map parameter names to example values")
    return content
