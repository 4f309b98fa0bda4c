"""From the tensors of a request to the rows that they hold."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product

from werkzeug.exceptions import BadRequest

from app.api.v2_tensors import Tensor
from app.api.v2_types import rank, without_null
from app.codec import JsonValue, Row, decode
from app.errors import InvalidInputError
from app.predictor.dialect import Schema
from app.predictor.validation import MAX_ERRORS
from app.text import truncate

_MAX_SHOWN = 100
_TABLE = 2  # dimensions
_ANY: Schema = {}


def rows_of(
    tensors: list[Tensor], parameters: Mapping[str, Schema], required: Collection[str]
) -> list[Row]:
    """Return the rows of a request.

    Either each parameter has a tensor, or one tensor has all of them, in their order. A parameter
    that is a list has a tensor of as many more dimensions, or of JSON texts.

    Args:
        tensors: of the request; there is one at least.
        parameters: of the model, in their order; none where it takes any.
        required: the names of those that each row needs.

    Raises:
        BadRequest: the tensors do not fit the parameters.
        InvalidInputError: there are numbers that JSON does not have.

    """
    if len(tensors) == 1 and len(parameters) == 1:  # its name does not matter
        tensors = [tensors[0]._replace(name=next(iter(parameters)))]
    if len(tensors) == 1 and _is_table(tensors[0], parameters):
        return _rows_of_table(tensors[0], list(parameters), required)
    names = [tensor.name for tensor in tensors]
    present = {*names}
    if missing := [name for name in required if name not in present]:
        raise BadRequest(
            f"There is no tensor for {_shown(missing)}: send one for each parameter, "
            f"or one of shape [N, {len(parameters)}]"
        )
    first = tensors[0]
    for tensor in tensors:
        if tensor.shape[0] != first.shape[0]:
            raise BadRequest(
                f"{tensor} has {tensor.shape[0]} rows, but {first} has {first.shape[0]}"
            )
    schemas = [parameters.get(name, _ANY) for name in names]
    shapes = [_shape_of_row(*it) for it in zip(tensors, schemas, strict=True)]
    _check_finite(zip(tensors, map(_labels, names, shapes), strict=True))
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*map(_column, tensors, shapes, schemas), strict=True)
    ]


def _is_table(tensor: Tensor, parameters: Mapping[str, Schema]) -> bool:
    """Return whether a tensor has all parameters: it cannot be one parameter's."""
    if len(tensor.shape) != _TABLE or not parameters:
        return False
    schema = parameters.get(tensor.name)
    return schema is None or (rank(schema) == 0 and tensor.shape[1] != 1)


def _rows_of_table(tensor: Tensor, names: list[str], required: Collection[str]) -> list[Row]:
    width = tensor.shape[1]
    needed = {*required}
    least = max((at for at, name in enumerate(names, 1) if name in needed), default=1)
    if not least <= width <= len(names):
        number = len(names) if least == len(names) else f"{least} to {len(names)}"
        raise BadRequest(
            f"{tensor} has {width} values in each row: send {number}, in the order {_shown(names)}"
        )
    names = names[:width]
    _check_finite([(tensor, names)])
    columns = [iter(tensor.values)] * width
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _shape_of_row(tensor: Tensor, schema: Schema) -> list[int]:
    """Return the shape of the value that a tensor has for each row; empty for a scalar."""
    shape = tensor.shape[1:]
    expected = rank(schema)
    if shape == [1] and not expected:
        return []
    if len(shape) == expected or (expected is None and len(shape) <= 1):
        return shape
    if not shape and _holds_texts(tensor, schema):
        return shape
    dimensions = ", ".join(["N"] + [chr(ord("i") + it) for it in range(expected or 0)])
    raise BadRequest(f"{tensor} has the shape {tensor.shape}: send [{dimensions}], N rows")


def _holds_texts(tensor: Tensor, schema: Schema) -> bool:
    """Return whether the values are JSON texts."""
    kind = without_null(schema).get("type")
    return tensor.datatype == "BYTES" and len(tensor.shape) == 1 and kind in ("array", "object")


def _column(tensor: Tensor, shape: list[int], schema: Schema) -> list[JsonValue]:
    """Return the value of each row."""
    values = tensor.values
    if _holds_texts(tensor, schema):
        return [_decoded(tensor, position, text) for position, text in enumerate(values)]
    for length in reversed(shape if values else []):
        values = list(map(list, zip(*[iter(values)] * length, strict=True)))
    return values


def _decoded(tensor: Tensor, position: int, text: str | None) -> JsonValue:
    try:
        return None if text is None else decode(text.encode())
    except ValueError as error:
        raise BadRequest(f"{tensor} has no JSON at position {position}: {error}") from None


def _labels(name: str, shape: list[int]) -> Iterator[str]:
    """Yield a name for each number of one row: the parameter's, and the path within it."""
    for path in product(*map(range, shape)):
        yield ".".join([name, *map(str, path)])


def _check_finite(tensors: Iterable[tuple[Tensor, Iterable[str]]]) -> None:
    """Reject NaN and infinities, which JSON does not have; of binary data alone.

    Args:
        tensors: each with names for the numbers of one row.

    """
    errors: dict[str, str] = {}
    total = 0
    for tensor, labels in tensors:
        total += len(tensor.non_finite)
        if tensor.non_finite and len(errors) < MAX_ERRORS:
            names = [truncate(name, _MAX_SHOWN) for name in labels]
            for position in tensor.non_finite[: MAX_ERRORS - len(errors)]:
                row, column = divmod(position, len(names))
                value = tensor.values[position]
                errors[f"{row}.{names[column]}"] = f"{value} is not of type 'number'"
    if total:
        raise InvalidInputError(errors, total)


def _shown(names: list[str]) -> str:
    return truncate(", ".join(map(repr, names)), _MAX_SHOWN)
