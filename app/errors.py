"""The faults that the service tells apart.

    ServiceError
    ├── ModelError       the user's module cannot be used: missing, broken or wrong
    ├── PredictionError  the user's run() raised, or returned what JSON does not have
    ├── NotReadyError    a prediction was asked for while no model is ready
    └── BusyError        as many predictions as allowed are under way or waiting

Each message is one line that names the thing, what is wrong, and the mend.
"""


class ServiceError(Exception):
    """A fault that the service foresaw."""


class ModelError(ServiceError):
    """The user's module cannot be used: missing, broken or wrong."""


class PredictionError(ServiceError):
    """The user's `run()` raised, or returned what JSON does not have; the cause tells."""


class NotReadyError(ServiceError):
    """A prediction was asked for while no model is ready."""


class BusyError(ServiceError):
    """As many predictions as `MAX_PENDING` allows are under way or waiting."""
