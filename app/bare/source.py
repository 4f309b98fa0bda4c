"""Writes the module of a model file: what is served, and what `python -m app scaffold` prints."""

from collections.abc import Iterator

from app.bare.description import Description
from app.bare.model_file import ModelFile
from app.bare.python_source import source_of, typed_dict, wrapped


def module_source(file: ModelFile, it: Description) -> str:
    """Return the source code of a module that loads a model file and predicts with it."""
    return "\n".join(_lines(file, it)) + "\n"


def _lines(file: ModelFile, it: Description) -> Iterator[str]:
    members = [(each.name, each.annotation) for each in it.parameters]
    hints = " ".join([*(annotation for _, annotation in members), *it.answer.values()])
    names = [
        name for name in ("Annotated", "Any", "Literal") if f"{name}[" in hints or name == "Any"
    ]
    answer = "Answer" if it.answer else "dict[str, Any]"
    docstring = source_of(f"{it.title}, from {file.data.name}.")[1:-1].replace('"', r"\"")
    yield f'"""{docstring}"""'
    yield ""
    yield from _sorted_imports(it, names)
    yield ""
    if it.constants:
        for name, value in it.constants.items():
            yield from wrapped(f"{name} = ", source_of(value))
        yield ""
    if it.model is None:
        yield from [f"load_per_process = True  # {it.title}: not made to be forked", ""]
    yield "model: Any = None"
    yield from ["", ""]
    yield from typed_dict("Row", "The parameters of the API.", members)
    yield from ["", ""]
    if it.answer:
        yield from typed_dict("Answer", "The answer of the API.", [*it.answer.items()])
        yield from ["", ""]
    yield "def sample() -> Row:"
    yield '    """Return an example of each parameter."""'
    example = source_of({each.name: each.example for each in it.parameters})
    yield from wrapped("    return ", example)
    yield from ["", ""]
    yield "def init() -> None:"
    yield '    """Load the model."""'
    yield "    global model"
    yield f"    path = Path(__file__).with_name({source_of(file.data.name)})"
    yield from (f"    {line}" for line in it.load)
    yield from ["", ""]
    yield f"def run(input_data: Row) -> {answer}:"
    yield '    """Predict for one row."""'
    yield "    return run_batch([input_data])[0]"
    yield from ["", ""]
    yield f"def run_batch(rows: list[Row]) -> list[{answer}]:"
    yield '    """Predict for many rows, in order."""'
    yield from (f"    {line}" for line in (*it.features, *it.predict))


def _sorted_imports(it: Description, names: list[str]) -> Iterator[str]:
    yield "from pathlib import Path"
    yield f"from typing import {', '.join([*names, 'TypedDict'])}"
    yield ""
    yield from sorted(set(it.imports), key=lambda line: (line.startswith("from"), line))
