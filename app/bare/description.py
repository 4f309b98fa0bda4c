"""What is known of a model file: its parameters, its answer, and how it is called."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.bare.python_source import source_of
from app.codec import JsonValue

MAX_CHOICES = 1000  # more are data, such as ids: any value of their type is accepted


class Parameter(NamedTuple):
    """A parameter, as the module's source code says it.

    Attributes:
        name: any text.
        hint: its type hint.
        example: a valid value.
        description: for callers; may be empty.
        missing: what stands for a missing value in training, `nan` or `None`; empty where null is
            not valid.

    """

    name: str
    hint: str = "float"
    example: JsonValue = 0.0
    description: str = ""
    missing: str = ""

    @property
    def annotation(self) -> str:
        """The type hint with the description."""
        described = f"Annotated[{self.hint}, {source_of(self.description)}]"
        return described if self.description else self.hint


@dataclass(frozen=True)
class Description:
    """What makes a module of a model file.

    Attributes:
        title: what the model is, for the module's docstring.
        imports: lines that import what the code needs.
        load: lines of `init()` that assign `model`; `path` is the file.
        model: that object, if several processes may share it; else None.
        parameters: in the order in which the model takes them.
        features: lines that assign the model's input to `X`, made of `rows`.
        predict: lines that return the value of `run_batch()`, of `X`.
        answer: name and type hint of what an answer has; empty where it is not known before.
        constants: name and value of what these lines need.

    """

    title: str
    imports: Sequence[str]
    load: Sequence[str]
    model: Any
    parameters: Sequence[Parameter]
    features: Sequence[str]
    predict: Sequence[str]
    answer: Mapping[str, str]
    constants: Mapping[str, JsonValue] = field(default_factory=dict)


def choices(values: Sequence[JsonValue]) -> str:
    """Return the type hint of a value that is one of several."""
    if len(values) <= MAX_CHOICES:
        return f"Literal[{', '.join(map(source_of, values))}]"
    kinds = {type(value) for value in values}
    names = ["None" if kind is type(None) else kind.__name__ for kind in kinds]
    return " | ".join(sorted(names, key=lambda name: name == "None"))
