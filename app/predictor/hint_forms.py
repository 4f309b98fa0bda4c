"""Forms of a hint around its type: NotRequired and its like, aliases."""

import enum
from typing import Annotated, Any, get_args, get_origin

_IS_REQUIRED = {"Required": True, "NotRequired": False, "ReadOnly": None}


def unqualified(hint: Any) -> tuple[Any, bool | None]:  # noqa: ANN401 - of any kind
    """Return a hint without NotRequired and its like, and whether one says that it is required."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, is_required = unqualified(get_args(hint)[0])
        return Annotated[(inner, *get_args(hint)[1:])], is_required
    name = repr(origin).rpartition(".")[2]  # typing's, or that of typing_extensions
    if name in _IS_REQUIRED:
        inner, is_required = unqualified(get_args(hint)[0])
        return inner, is_required if _IS_REQUIRED[name] is None else _IS_REQUIRED[name]
    return hint, None


def is_required(row: Any, name: str, hint: Any) -> bool:  # noqa: ANN401
    """Return whether a key of a TypedDict is required.

    Args:
        row: the TypedDict.
        name: of the key.
        hint: of the key, evaluated, with its qualifiers.

    """
    # A qualifier in a string counts, though Python has not seen it when it made the class.
    says_so = unqualified(hint)[1]
    return name in row.__required_keys__ if says_so is None else says_so


def without_alias(hint: Any) -> Any:  # noqa: ANN401
    """Return what a `type` statement or a NewType stands for."""
    while True:
        for attribute in ("__value__", "__supertype__"):
            if hasattr(hint, attribute) and not isinstance(hint, enum.EnumMeta):
                hint = getattr(hint, attribute)
                break
        else:
            return hint
