"""The exceptions of this service, with the HTTP status of those that end a request.

    ServiceError
    ├── SettingError           an environment variable's value does not parse
    ├── FetchError             the model cannot be fetched
    │   ├── TransientError     … this time: a retry may succeed
    │   └── ArchiveError       … because its archive is broken or unsafe
    ├── ModelError             the model module is missing, broken or wrong
    │   └── TransientModelError  … this time: a retry may succeed
    └── RequestError           a request cannot be served
        ├── InvalidInputError  400: the body does not fit the parameters
        ├── PredictionError    500: run() raised, or returned no JSON value
        ├── RefusedError       4xx: run() refuses the row
        ├── FailedRowsError    500 or 4xx: as the two above, for some of the rows of a request
        ├── TimedOutError      504: the prediction took longer than its caller may wait
        └── UnavailableError   503: not now
            ├── NotReadyError  … no model is ready
            └── BusyError      … MAX_PENDING predictions are running or waiting

Each message is one line; that of wrong types has a line for each parameter. Those of the first
three branches name the thing, what is wrong, and the fix; a RequestError's message is the
response's, but for the two of run(), whose message is for the log.
"""

from http import HTTPStatus
from typing import ClassVar

# Why requests are refused: the values of a metric's label. `model`: run() refuses a row.
REFUSALS = ("busy", "invalid", "model", "not_ready", "timed_out", "too_large")


class ServiceError(Exception):
    """An error that the service foresees.

    Attributes:
        reason: the message without the text of an exception that the user's code raised, which
            may hold a password; for all but the log.

    """

    def __init__(self, message: str, reason: str | None = None) -> None:
        """Say what is wrong; `reason` is the message itself by default."""
        super().__init__(message)
        self.reason = message if reason is None else reason


class SettingError(ServiceError):
    """An environment variable's value does not parse."""


class FetchError(ServiceError):
    """The model cannot be fetched, and a retry would not help."""


class TransientError(FetchError):
    """The model cannot be fetched this time; a retry may succeed."""


class ArchiveError(FetchError):
    """The archive is broken or holds what must not be unpacked."""


class ModelError(ServiceError):
    """The model module is missing, broken or wrong; only a change of the model folder helps."""


class TransientModelError(ModelError):
    """The model cannot be loaded this time; a retry may succeed."""


class RequestError(ServiceError):
    """A request cannot be served.

    Attributes:
        status: the response's.
        retry_after: seconds after which a retry makes sense; None where it does not.
        refusal: counts it among the refused requests, one of `REFUSALS`; None where it is no
            refusal.

    """

    status: int = HTTPStatus.INTERNAL_SERVER_ERROR
    retry_after: int | None = None
    refusal: ClassVar[str | None] = None


class InvalidInputError(RequestError):
    """A body does not fit the parameters.

    Attributes:
        errors: parameter to message; the first where there are many.
        total: the number of all errors.

    """

    status = HTTPStatus.BAD_REQUEST
    refusal = "invalid"

    def __init__(self, errors: dict[str, str], total: int) -> None:
        """Reject a body because of `errors`, of which there are `total`."""
        super().__init__(_with_total("Input payload validation failed", len(errors), total))
        self.errors = errors
        self.total = total


class PredictionError(RequestError):
    """`run()` raised, or returned no JSON value; the cause is what was raised."""


class RefusedError(RequestError):
    """The model refuses a row; that is no error of the model.

    Attributes:
        description: the model's text for the client.

    """

    refusal = "model"

    def __init__(
        self, message: str, reason: str, status: int, description: str, retry_after: int | None
    ) -> None:
        """Refuse a row with `status`; `message` and `reason` say where the model did."""
        super().__init__(message, reason)
        self.status = status
        self.description = description
        self.retry_after = retry_after


class FailedRowsError(RequestError):
    """The model has failed for some rows of a request, or refuses them.

    Attributes:
        errors: index of a row to message; the first where there are many.
        total: the number of all these rows.

    """

    def __init__(
        self,
        message: str,
        errors: dict[str, str],
        status: int,
        retry_after: int | None,
        total: int,
    ) -> None:
        """Fail a request with `status` because of `total` rows, for some of which are `errors`."""
        super().__init__(_with_total(message, len(errors), total))
        self.errors = errors
        self.total = total
        self.status = status
        self.retry_after = retry_after


class TimedOutError(RequestError):
    """A prediction took longer than PREDICT_TIMEOUT or WORKER_TIMEOUT."""

    status = HTTPStatus.GATEWAY_TIMEOUT
    refusal = "timed_out"

    def __init__(self) -> None:
        """Say so in the contract's words."""
        super().__init__("Prediction Timed Out")


class UnavailableError(RequestError):
    """The service cannot predict now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class NotReadyError(UnavailableError):
    """No model is ready."""

    retry_after = 5  # a load takes seconds
    refusal = "not_ready"

    def __init__(self) -> None:
        """Say so in the contract's words."""
        super().__init__("Server Not Ready")


class BusyError(UnavailableError):
    """MAX_PENDING predictions are running or waiting."""

    retry_after = 1  # a queue empties sooner than a model loads
    refusal = "busy"

    def __init__(self) -> None:
        """Say so in the contract's words."""
        super().__init__("Server Busy")


def _with_total(message: str, shown: int, total: int) -> str:
    return f"{message}: {shown} of {total} errors shown" if shown < total else message
