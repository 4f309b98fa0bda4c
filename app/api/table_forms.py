"""Tables as MLflow's clients send them in JSON, which become instances: see row_forms.py."""

from collections.abc import Collection, Mapping

from werkzeug.exceptions import BadRequest

from app.api.row_forms import RowError, each_row
from app.api.rows import RowLimits
from app.codec import JsonValue, Row
from app.text import truncate

_MAX_SHOWN = 100  # characters
_SPLIT = 'send {"dataframe_split": {"columns": […], "data": [[…], …]}}'


def rows_of_split(table: JsonValue, known: Collection[str], limits: RowLimits) -> list[JsonValue]:
    """Return the rows of what pandas' `to_dict("split")` returns.

    A table without names, whose columns are missing or 0, 1, 2, …, has lists of values.

    Raises:
        BadRequest: it is not of this form.
        InvalidInputError: some rows have not a value for each column.
        RequestEntityTooLarge: as `RowLimits`.

    """
    data = table.get("data") if isinstance(table, dict) else None
    if not isinstance(data, list):
        raise BadRequest(f"dataframe_split has no list of data: {_SPLIT}")
    columns = table.get("columns")
    if columns is None or _is_numbered(columns):
        return data
    if not _has_names(columns):
        raise BadRequest(f"The columns of dataframe_split are not names, each once: {_SPLIT}")

    limits.check_names(columns, known, len(data))

    def named(values: JsonValue) -> Row:
        if not isinstance(values, list):
            raise RowError("not a list of values")
        if len(values) != len(columns):
            raise RowError(f"{len(values)} values for {len(columns)} columns")
        return dict(zip(columns, values, strict=True))

    return each_row(data, named, limits)


def rows_of_columns(
    columns: Mapping[str, JsonValue], known: Collection[str], limits: RowLimits
) -> list[JsonValue]:
    """Return the rows of an object with a list for each parameter, or with a value for each.

    Raises:
        BadRequest: the lists are not of one length.
        RequestEntityTooLarge: as `RowLimits`.

    """
    lengths = {name: len(it) for name, it in columns.items() if isinstance(it, list)}
    if not lengths:
        return [columns]
    first, length = next(iter(lengths.items()))
    for name in columns:
        if name not in lengths:
            raise BadRequest(
                f"{_shown(first)} is a list, but {_shown(name)} is not: "
                "send a list for each parameter"
            )
        if lengths[name] != length:
            raise BadRequest(
                f"{_shown(first)} has {length} values, but {_shown(name)} has {lengths[name]}: "
                "send as many for each parameter"
            )
    limits.check_names(columns, known, length)
    return each_row(
        range(length), lambda row: {it: values[row] for it, values in columns.items()}, limits
    )


def _is_numbered(columns: JsonValue) -> bool:
    return isinstance(columns, list) and columns == [*range(len(columns))]


def _has_names(columns: JsonValue) -> bool:
    """Return whether each column has a name of its own."""
    are_names = isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    return are_names and len({*columns}) == len(columns)


def _shown(name: str) -> str:
    return repr(truncate(name, _MAX_SHOWN))
