"""The rows of a request: those that are valid, as `run()` gets them, and the errors of others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from werkzeug.exceptions import RequestEntityTooLarge

from app.api.responses import describe_error
from app.codec import JsonValue, Row
from app.errors import FailedRowsError, InvalidInputError, RequestError
from app.predictor.call import Outcome
from app.predictor.parameters import ANY_OBJECT, Parameters
from app.predictor.validation import MAX_ERRORS


class RowLimits(NamedTuple):
    """Bounds of what a request's body may become.

    Attributes:
        rows: MAX_ROWS.
        bytes: MAX_CONTENT_LENGTH.

    """

    rows: int
    bytes: int

    def check_number(self, rows: int) -> None:
        """Check the number of rows.

        Raises:
            RequestEntityTooLarge: there are more than MAX_ROWS.

        """
        if rows > self.rows:
            raise RequestEntityTooLarge(
                f"The body has more than {self.rows} rows: send fewer at once"
            )

    def check_names(self, names: Iterable[str], known: Collection[str], rows: int) -> None:
        """Check names that a body has once, but each row.

        Raises:
            RequestEntityTooLarge: the names of no parameter would have more than
                MAX_CONTENT_LENGTH bytes, were they in each row of the body.

        """
        if rows * sum(len(name) for name in names if name not in known) > self.bytes:
            raise RequestEntityTooLarge(
                "The body has too many rows for the length of the names that are no parameters: "
                "send fewer rows at once, or without these"
            )


class Rows(NamedTuple):
    """The rows of a request.

    Attributes:
        valid: those that are valid, converted, in their order.
        invalid: the error of each other one, by its index.

    """

    valid: list[Row]
    invalid: Mapping[int, InvalidInputError]


def read_rows(
    parameters: Parameters, values: list[JsonValue], *, validates: bool, errors_per_row: bool
) -> Rows:
    """Validate and convert rows.

    Args:
        parameters: of the model.
        values: the rows, as parsed JSON.
        validates: whether a row has to be valid; else an object is enough.
        errors_per_row: whether the first errors of each row are worded, not of all rows together.

    """
    if parameters.are_exact(values):
        return Rows(values, {})
    is_valid, convert = parameters.is_valid, parameters.convert
    if all(map(is_valid, values)):
        return Rows(list(map(convert, values)), {})
    rejecting = parameters if validates else ANY_OBJECT
    valid: list[Row] = []
    invalid: dict[int, InvalidInputError] = {}
    room = MAX_ERRORS  # of rows, or of errors
    for index, value in enumerate(values):
        if is_valid(value):
            valid.append(convert(value))
        elif not validates and isinstance(value, dict):
            valid.append(value)
        else:  # errors that are not shown are only counted: that is faster
            error = rejecting.validate(value, MAX_ERRORS if errors_per_row and room else room)
            invalid[index] = error
            if room:
                room -= 1 if errors_per_row else len(error.errors)
    return Rows(valid, invalid)


def as_one_error(invalid: Mapping[int, InvalidInputError]) -> InvalidInputError:
    """Return the error that rejects all rows, with the index of each before its errors' keys."""
    errors: dict[str, str] = {}
    for index, error in invalid.items():
        for key, message in error.errors.items():
            if len(errors) < MAX_ERRORS:
                errors[f"{index}.{key}" if key else str(index)] = message
    return InvalidInputError(errors, sum(error.total for error in invalid.values()))


def failed_rows(outcomes: Sequence[Outcome], *, debug: bool) -> FailedRowsError:
    """Return the error of a request, of whose rows some have failed or were refused.

    Where the model has failed for one, its status is 500, else that of the first one refused.

    Args:
        outcomes: of the rows.
        debug: whether an error of the model tells the exception's text.

    """
    failed = [(row, it) for row, it in enumerate(outcomes) if isinstance(it, RequestError)]
    described = [(row, describe_error(error, debug=debug)) for row, error in failed[:MAX_ERRORS]]
    errors = {str(row): description.message for row, description in described}
    for row, error in failed:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            message = describe_error(error, debug=debug).message
            errors[str(row)] = message
            return FailedRowsError(message, errors, error.status, None, len(failed))
    row, first = failed[0]
    message = f"Row {row}: {errors[str(row)]}"
    return FailedRowsError(message, errors, first.status, first.retry_after, len(failed))
