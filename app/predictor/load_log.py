"""What the log says of the attempts to load a model: what an attempt repeats, only once."""

import logging
from pathlib import Path

from app.errors import ModelError, TransientModelError
from app.observability.logs import log_failure
from app.predictor.parameters import Parameters
from app.predictor.type_words import one_line


class LoadLog:
    """Logs what loading a model finds.

    Attributes:
        folder: the model folder.

    """

    def __init__(self, logger: logging.Logger, folder: Path) -> None:
        """Log to `logger`; cut tracebacks to the model folder."""
        self._logger = logger
        self.folder = folder
        self._parameters = ""
        self._failure = ""

    def imported(self, parameters: Parameters) -> None:
        """Log the names and types of the parameters, unless they are the same as before."""
        if (line := one_line(parameters)) != self._parameters:
            self._logger.info("Parameters: %s", line)
        self._parameters = line

    def retrying(self, seconds: float) -> None:
        """Log that the next attempt comes in some seconds."""
        self._logger.info("Retrying model load in %d s", seconds)

    def failed(self, error: ModelError, *, is_of_model: bool) -> None:
        """Log why a load failed; with a traceback, unless the attempt before failed the same way.

        Args:
            error: why.
            is_of_model: whether the traceback is cut to the model folder.

        """
        message = "Model failed to load: %s"
        if (line := str(error)) == self._failure:
            self._logger.error(message, error)
        else:
            log_failure(self._logger, message, error, self.folder if is_of_model else None)
        self._failure = line
        if not isinstance(error, TransientModelError):
            self._logger.info("Not retried, since nothing but a change of the model folder helps")
