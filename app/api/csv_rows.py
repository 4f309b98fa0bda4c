"""Rows of a CSV text, typed by the parameters: what pandas and SageMaker's clients write.

A cell is what the parameter's type makes of its text; else it stays text, which validation rejects.
An empty cell is a parameter left out. A column of no parameter has texts; one without a name, which
pandas writes for an index, is ignored.
"""

import csv
import io
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from werkzeug.exceptions import BadRequest

from app.api.row_forms import RowError, RowForms, each_row, kinds_of
from app.api.rows import RowLimits
from app.codec import JsonValue, Row, decode
from app.predictor.dialect import Schema
from app.predictor.parameters import Parameters
from app.text import truncate

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_MAX_NUMBER = 400  # characters
_INTEGERS = range(-(2**63), 2**64)  # as in a JSON body
_BOOLEANS = {"true": True, "false": False}
_MAX_SHOWN = 100  # characters


class CsvRows:
    """Reads CSV texts as rows of a model."""

    def __init__(self, parameters: Parameters, limits: RowLimits) -> None:
        """Read them as rows of `parameters`, within `limits`."""
        schemas: Mapping[str, Schema] = parameters.schema.get("properties", {})
        self._kinds = {name: kinds_of(schema) for name, schema in schemas.items()}
        self._names = parameters.names
        self._list_kinds: frozenset[str] | None = None  # of the items of the only parameter
        if len(schemas) == 1 and "array" in self._kinds[self._names[0]]:
            self._list_kinds = kinds_of(schemas[self._names[0]].get("items", {}))
        self._forms = RowForms(parameters, limits)
        self._limits = limits
        # Without parameters, the type of a column is what fits its cells.
        self._other_kinds = frozenset[str]() if schemas else kinds_of({})

    def read(self, content: bytes, *, has_header: bool | None = None) -> list[JsonValue]:
        """Return the rows of a text in UTF-8.

        Args:
            content: perhaps with a byte order mark.
            has_header: whether the first line has the names of the columns, not values in the
                order of the parameters; None: it has if one is a parameter's.

        Raises:
            BadRequest: it is empty, not UTF-8, not CSV, or two columns have one name.
            InvalidInputError: some rows have too many or too few cells.
            RequestEntityTooLarge: as `RowLimits`.

        """
        lines = _lines(content, self._limits)
        if has_header is None:
            has_header = not self._names or not self._kinds.keys().isdisjoint(lines[0])
        if not has_header:
            return each_row(lines, self._row_in_order, self._limits)
        header = _checked(lines.pop(0))
        self._limits.check_names(header, self._kinds, len(lines))
        return each_row(lines, lambda cells: self._named_row(header, cells), self._limits)

    def _named_row(self, header: list[str], cells: list[str]) -> Row:
        if len(cells) != len(header):
            raise RowError(f"{len(cells)} cells, but the header has {len(header)}")
        return self._typed({it: cell for it, cell in zip(header, cells, strict=True) if it})

    def _row_in_order(self, cells: list[str]) -> Row:
        kinds = self._list_kinds
        if kinds is not None and not _is_json(cells[0]):  # a cell for each item of the list
            return {self._names[0]: [_value(cell, kinds) for cell in cells]}
        return self._typed(self._forms.name_values(cells))

    def _typed(self, cells: Mapping[str, str]) -> Row:
        kinds, other_kinds = self._kinds, self._other_kinds
        return {
            name: _value(cell, kinds.get(name, other_kinds)) for name, cell in cells.items() if cell
        }


def _lines(content: bytes, limits: RowLimits) -> list[list[str]]:
    """Return the cells of each line that is not blank."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8: {error.reason} at byte {error.start}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        for cells in reader:
            if cells:
                lines.append(cells)
            limits.check_number(len(lines) - 1)  # the first may be a header
    except csv.Error as error:  # a cell of more than 131072 characters, too
        raise BadRequest(f"Line {reader.line_num} of the body is not CSV: {error}") from None
    if not lines:
        raise BadRequest("The body is empty: send a line with names, then a line for each row")
    return lines


def _checked(header: list[str]) -> list[str]:
    """Return a header without names that come twice."""
    seen = set()
    for name in filter(None, header):
        if name in seen:
            raise BadRequest(f"Two columns have the name {truncate(name, _MAX_SHOWN)!r}: send one")
        seen.add(name)
    return header


def _value(text: str, kinds: AbstractSet[str]) -> JsonValue:
    """Return what the types of a parameter make of a cell, else the cell."""
    plain = text.strip()
    if "number" in kinds and len(plain) <= _MAX_NUMBER and _NUMBER.fullmatch(plain):
        return _number(plain, text)
    if "boolean" in kinds and plain.lower() in _BOOLEANS:
        return _BOOLEANS[plain.lower()]
    if _is_json(plain) and not kinds.isdisjoint({"array", "object"}):
        try:
            return decode(plain.encode())
        except ValueError:
            pass
    return text


def _number(plain: str, text: str) -> int | float | str:
    """Return a number, or the text of one that has no place in 64 bits."""
    if plain.lstrip("+-").isdigit():
        return int(plain) if int(plain) in _INTEGERS else text
    return float(plain) if math.isfinite(float(plain)) else text


def _is_json(text: str) -> bool:
    """Return whether a cell is meant as an array or an object."""
    return text.lstrip()[:1] in ("[", "{")
