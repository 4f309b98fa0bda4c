"""Describes an ONNX model, as onnxruntime reads it."""

from collections.abc import Sequence
from typing import Any

from app.bare.description import Description, Parameter, choices
from app.bare.model_file import ModelFile
from app.bare.python_source import source_of, wrapped
from app.codec import JsonValue, Row
from app.errors import ModelError

# Of an element of a tensor: its type in numpy, its type hint, and an example.
_TYPES: dict[str, tuple[str, str, JsonValue]] = {
    "tensor(float)": ("np.float32", "float", 0.0),
    "tensor(double)": ("np.float64", "float", 0.0),
    "tensor(float16)": ("np.float16", "float", 0.0),
    "tensor(int64)": ("np.int64", "int", 0),
    "tensor(int32)": ("np.int32", "int", 0),
    "tensor(bool)": ("np.bool_", "bool", False),
    "tensor(string)": ("object", "str", "text"),
}
_LOAD = [
    "options = onnxruntime.SessionOptions()",
    "options.intra_op_num_threads = options.inter_op_num_threads = 1",
    "model = onnxruntime.InferenceSession(path, options)",
]
# The outputs of a classifier that skl2onnx has converted.
_LABELS, _PROBABILITIES = ("label", "output_label"), ("probabilities", "output_probability")
_CLASS_LABELS = ("classlabels_strings", "classlabels_int64s", "classlabels_ints")


def describe_onnx(file: ModelFile, sample: Row) -> Description:
    """Return the description of an ONNX model.

    Each input is a parameter: a number or text where its tensor has one for each row, else a
    list. The first dimension of each tensor is that of the rows.

    Args:
        file: the model file.
        sample: an example of its parameters; empty where there is none.

    Raises:
        ModelError: it takes another type, or does not tell the size of its input.

    """
    import onnxruntime  # noqa: PLC0415

    session = onnxruntime.InferenceSession(file.data)
    inputs = session.get_inputs()
    if len(inputs) == 1 and len(sample) > 1:
        parameters, features = _named_columns(file, inputs[0], sample)
    else:
        parameters = [_parameter(file, it, sample, is_only=len(inputs) == 1) for it in inputs]
        feeds = [_feed(it, row.name) for it, row in zip(inputs, parameters, strict=True)]
        features = wrapped("X = ", f"{{{', '.join(feeds)}}}")
    answer, predict, constants = _output(file, session.get_outputs())
    return Description(
        title="ONNX model",
        imports=["import numpy as np", "import onnxruntime"],
        load=_LOAD,
        model=None,  # a session is not made to be forked
        parameters=parameters,
        features=features,
        predict=predict,
        answer=answer,
        constants=constants,
    )


def _parameter(file: ModelFile, tensor: Any, sample: Row, *, is_only: bool) -> Parameter:  # noqa: ANN401 - a NodeArg
    """Return the parameter of an input."""
    _, hint, example = _type(file, tensor)
    shape = _shape(tensor)
    name = "features" if is_only and shape else tensor.name
    if is_only and len(sample) == 1:
        name = next(iter(sample))
    if name not in sample and any(not isinstance(size, int) for size in shape):
        raise ModelError(
            f"{file.data.name} does not tell the size of its input {tensor.name!r}: give an "
            f'example in {file.sample.name}, such as {{"{name}": [1.5, 2.5]}}'
        )
    for size in reversed(shape):
        hint = f"list[{hint}]"
        if isinstance(size, int):
            hint = f'Annotated[{hint}, {{"minItems": {size}, "maxItems": {size}}}]'
            example = [example] * size
    return Parameter(name, hint, sample.get(name, example))


def _named_columns(file: ModelFile, tensor: Any, sample: Row) -> tuple[list[Parameter], list[str]]:  # noqa: ANN401
    """Return a parameter for each column of the only input, as a sample names them."""
    dtype, hint, _ = _type(file, tensor)
    if _shape(tensor) not in ([len(sample)], [None]):
        raise ModelError(
            f"{file.sample.name} has {len(sample)} parameters, but the input of {file.data.name} "
            f"has the shape {tensor.shape}: give one for each column"
        )
    array = f"np.array([[row[name] for name in names] for row in rows], {dtype})"
    features = [
        "names = list(Row.__annotations__)",
        *wrapped("X = ", f"{{{source_of(tensor.name)}: {array}}}"),
    ]
    return [Parameter(name, hint, example) for name, example in sample.items()], features


def _feed(tensor: Any, name: str) -> str:  # noqa: ANN401
    value = f"row[{source_of(name)}]"
    if len(tensor.shape) > 1 and not _shape(tensor):
        value = f"[{value}]"
    return (
        f"{source_of(tensor.name)}: np.array([{value} for row in rows], {_TYPES[tensor.type][0]})"
    )


def _type(file: ModelFile, tensor: Any) -> tuple[str, str, JsonValue]:  # noqa: ANN401
    if tensor.type not in _TYPES or not tensor.shape:
        raise ModelError(
            f"{file.data.name} takes {tensor.type} as {tensor.name!r}: write a module that makes it"
        )
    return _TYPES[tensor.type]


def _shape(tensor: Any) -> list[int | None]:  # noqa: ANN401
    """Return the shape of one row; empty for one value, and None for a size that is open."""
    sizes = [size if isinstance(size, int) else None for size in tensor.shape[1:]]
    return [] if sizes == [1] else sizes


def _output(
    file: ModelFile, outputs: Sequence[Any]
) -> tuple[dict[str, str], list[str], dict[str, JsonValue]]:
    """Return the answer's members, the lines that predict, and what they need."""
    names = [output.name for output in outputs]
    if len(names) == len(_LABELS) and names[0] in _LABELS and names[1] in _PROBABILITIES:
        return _classifier(file, outputs[1])
    if len(names) == 1:
        flat = ".ravel()" if list(outputs[0].shape[1:]) == [1] else ""
        values = f"model.run(None, X)[0]{flat}.tolist()"
        return {}, [f'return [{{"prediction": value}} for value in {values}]'], {}
    lines = [
        "outputs = [values.tolist() for values in model.run(None, X)]",
        'return [{"prediction": dict(zip(OUTPUTS, values))} for values in zip(*outputs)]',
    ]
    return {}, lines, {"OUTPUTS": names}


def _classifier(
    file: ModelFile,
    probabilities: Any,  # noqa: ANN401
) -> tuple[dict[str, str], list[str], dict[str, JsonValue]]:
    classes = _classes(file)
    is_mapping = "map" in probabilities.type
    if not is_mapping and list(probabilities.shape[1:]) != [len(classes)]:
        classes = []  # of another node, or not known: the order of the model's own output
    rows = "probabilities" if is_mapping else "probabilities.tolist()"
    row = "dict(zip(CLASSES, row))" if classes and not is_mapping else "row"
    lines = [
        "labels, probabilities = model.run(None, X)",
        "return [",
        f'    {{"prediction": label, "probabilities": {row}}}',
        f"    for label, row in zip(labels.ravel().tolist(), {rows})",
        "]",
    ]
    keys = [value if isinstance(value, str) else str(value) for value in classes]
    constants: dict[str, JsonValue] = {"CLASSES": keys} if row != "row" else {}
    kind = "dict[str, float]" if is_mapping or constants else "list[float]"
    answer = {"prediction": choices(classes) if classes else "Any", "probabilities": kind}
    return answer, lines, constants


def _classes(file: ModelFile) -> list[JsonValue]:
    """Return the classes that a node of the graph names; none without the package onnx."""
    try:
        import onnx  # noqa: PLC0415
    except ModuleNotFoundError:
        return []
    graph = onnx.load(file.data, load_external_data=False).graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name in _CLASS_LABELS:
                value = onnx.helper.get_attribute_value(attribute)
                return [it.decode() if isinstance(it, bytes) else it for it in value]
    return []
