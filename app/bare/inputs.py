"""The parameters of a model, and the code that makes its input of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.bare.description import Parameter
from app.bare.facts import Facts
from app.bare.model_file import ModelFile
from app.bare.python_source import source_of, wrapped
from app.codec import JsonValue, Row
from app.errors import ModelError


class Input(NamedTuple):
    """What a model takes.

    Attributes:
        parameters: in the order of its columns.
        lines: assign its input to `X`, made of `rows`.
        imports: what the lines need.

    """

    parameters: Sequence[Parameter]
    lines: Sequence[str]
    imports: Sequence[str] = ()


def input_of(file: ModelFile, facts: Facts, sample: Row) -> Input:
    """Return what a model takes, as it, its `MLmodel` and a sample tell.

    Args:
        file: the model file.
        facts: what the fitted object tells.
        sample: an example of the parameters; empty where there is none.

    Raises:
        ModelError: they do not tell it.

    """
    signature = file.signature
    if facts.takes_text:
        name, example = next(iter(sample.items()), ("text", "text"))
        line = f"X = [row[{source_of(name)}] for row in rows]"
        return Input([Parameter(name, "str", example)], [line])
    by_example = {name: _hint_of(value) for name, value in sample.items() if value is not None}
    hints = {**by_example, **signature.hints}
    if facts.has_names:
        return _frame([_adjusted(it, hints, sample) for it in facts.columns])
    names = [*signature.hints] or _names_of(sample)
    if not names:
        return _one_list(file, facts, sample)
    columns = facts.columns or [Parameter(name) for name in names]
    if len(columns) != len(names):
        raise ModelError(
            f"{file.sample.name} has {len(names)} parameters, but the model in {file.data.name} "
            f"takes {len(columns)}: give an example of each, in their order"
        )
    named = [it._replace(name=name) for it, name in zip(columns, names, strict=True)]
    adjusted = [_adjusted(it, hints, sample) for it in named]
    if not facts.columns:
        return _frame(adjusted)
    return _array(adjusted, "[row[name] for name in names]", adjusted)


def _hint_of(value: JsonValue) -> str:
    """Return the type hint of a value by an example; a number may be a fraction elsewhere."""
    if isinstance(value, list):
        hints = {_hint_of(item) for item in value}
        return f"list[{hints.pop() if len(hints) == 1 else 'Any'}]"
    hints_of_types = {bool: "bool", int: "float", float: "float", str: "str"}
    return hints_of_types.get(type(value), "Any")


def _names_of(sample: Row) -> list[str]:
    """Return the names that a sample gives to columns; none where one list has them all."""
    is_one_list = len(sample) == 1 and isinstance(next(iter(sample.values())), list)
    return [] if is_one_list else list(sample)


def _adjusted(column: Parameter, hints: Mapping[str, str], sample: Row) -> Parameter:
    """Return a column with what others add to what the model tells."""
    hint, example = column.hint, column.example
    if hint == "float" and column.name in hints:
        hint = hints[column.name]
        example = {"int": int(example), "str": "text", "bool": False}.get(hint, example)
    return column._replace(hint=hint, example=sample.get(column.name, example))


def _frame(columns: Sequence[Parameter]) -> Input:
    lines = ["X = pd.DataFrame(rows, columns=list(Row.__annotations__))"]
    missing = {column.name for column in columns if column.missing == "nan"}
    numbers = [it.name for it in columns if it.name in missing and it.hint == "float | None"]
    if numbers:
        types = ", ".join(f"{source_of(name)}: float" for name in numbers)
        lines += [
            "# A column without any value is one of objects.",
            *wrapped("types = ", f"{{{types}}}"),
            "X = X.astype(types)",
        ]
    if missing.difference(numbers):
        lines.append('X = X.where(X.notna(), float("nan"))')
    return Input(columns, lines, ["import pandas as pd"])


def _one_list(file: ModelFile, facts: Facts, sample: Row) -> Input:
    """Return the input of a model without names: one list."""
    name, example = next(iter(sample.items()), ("features", None))
    columns = facts.columns or [Parameter("")] * (len(example or ()) or file.signature.size)
    if not columns:
        raise ModelError(
            f"{file.data.name} holds a {facts.kind} that does not tell what it takes: give an "
            f'example in {file.sample.name}, such as {{"amount": 99.5, "country": "NL"}}'
        )
    items = "float" if all(column.hint == "float" for column in columns) else "Any"
    hint = f'Annotated[list[{items}], {{"minItems": {len(columns)}, "maxItems": {len(columns)}}}]'
    parameter = Parameter(name, hint, example or [column.example for column in columns])
    return _array([parameter], f"row[{source_of(name)}]", columns)


def _array(parameters: Sequence[Parameter], row: str, columns: Sequence[Parameter]) -> Input:
    is_numeric = all(column.hint in ("float", "int", "bool") for column in columns)
    lines = ["names = list(Row.__annotations__)"] if "names" in row else []
    lines.append(
        f"X = np.array([{row} for row in rows], dtype={'float' if is_numeric else 'object'})"
    )
    return Input(parameters, lines, ["import numpy as np"])
