"""Writes Python source code, formatted."""

import ast
import keyword
import unicodedata
from collections.abc import Sequence

from app.codec import JsonValue

_WIDTH = 88  # of a line, as most formatters have it


def source_of(value: JsonValue) -> str:
    """Return a JSON value as Python writes it, with the quotes of a formatter."""
    match value:
        case str():
            text = repr(value)
            return text if '"' in value or text[0] == '"' else f'"{text[1:-1]}"'
        case list():
            return f"[{', '.join(map(source_of, value))}]"
        case dict():
            items = [f"{source_of(name)}: {source_of(item)}" for name, item in value.items()]
            return f"{{{', '.join(items)}}}"
    return repr(value)


def typed_dict(name: str, docstring: str, members: Sequence[tuple[str, str]]) -> list[str]:
    """Return the lines of a TypedDict.

    Args:
        name: the class's.
        docstring: its own.
        members: name and annotation of each.

    """
    if all(_is_attribute(member) for member, _ in members):
        lines = [f"class {name}(TypedDict):", f'    """{docstring}"""', ""]
        for member, annotation in members:
            lines += wrapped(f"    {member}: ", annotation)
        return lines
    lines = [f"{name} = TypedDict(", f"    {source_of(name)},", "    {"]
    for member, annotation in members:
        lines += wrapped(f"        {source_of(member)}: ", annotation, ",")
    return [*lines, "    },", ")"]


def _is_attribute(name: str) -> bool:
    """Return whether a class may have an annotation of this name, which Python does not change."""
    is_own = not name.startswith("__") and not keyword.iskeyword(name)
    return is_own and name.isidentifier() and unicodedata.normalize("NFKC", name) == name


def wrapped(start: str, expression: str, end: str = "") -> list[str]:
    """Return an expression in one line, or with one item of its brackets per line."""
    line = f"{start}{expression}{end}"
    opening, items = _items(expression) if len(line) > _WIDTH else ("", [])
    if not items:
        return [line]
    indent = " " * (len(start) - len(start.lstrip()))
    lines = [part for before, item in items for part in wrapped(f"{indent}    {before}", item, ",")]
    return [f"{start}{opening}", *lines, f"{indent}{expression[-1]}{end}"]


def _items(expression: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what opens an expression's brackets, and each item: its key, if any, and its value."""

    def text(node: ast.expr | None) -> str:
        return (node and ast.get_source_segment(expression, node)) or ""

    match ast.parse(expression, mode="eval").body:
        case ast.Subscript(value=value, slice=ast.Tuple(elts=elements)):
            return f"{text(value)}[", [("", text(it)) for it in elements]
        case ast.List(elts=elements):
            return "[", [("", text(it)) for it in elements]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return "{", [(f"{text(key)}: ", text(value)) for key, value in pairs]
    return "", []
