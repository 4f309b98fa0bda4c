"""What a path that predicts means: a body becomes rows, their predictions become a response.

Each endpoint only translates. `Predictions` validates the rows, has them predicted, and responds.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from werkzeug.exceptions import NotFound

from app.codec import JsonValue
from app.errors import NotReadyError
from app.predictor.call import Outcome
from app.predictor.predictor import Predictor
from app.predictor.state import State
from app.text import truncate


class Head(NamedTuple):
    """What the head of a request tells of its body.

    Attributes:
        content_type: the Content-Type header; each header is empty where it is missing.
        encoding: the Content-Encoding header.
        length: the Content-Length header, if there is one.
        json_length: the Inference-Header-Content-Length header.
        arguments: the variable parts of the path, by their names in the endpoint's rule.

    """

    content_type: str = ""
    encoding: str = ""
    length: int | None = None
    json_length: str = ""
    arguments: Mapping[str, str] = MappingProxyType({})


class Job(NamedTuple):
    """The rows of one request.

    Attributes:
        rows: as they came; they are not validated.
        respond: returns the body of the response with status 200 to the predictions of all rows,
            a JSON array in their order.
        respond_partially: likewise, where some rows may have an error; None where an error of
            one row is that of the request.

    """

    rows: list[JsonValue]
    respond: Callable[[bytes], bytes]
    respond_partially: Callable[[list[Outcome]], bytes] | None = None


class Endpoint(ABC):
    """A path to which rows are posted.

    Attributes:
        rule: the path as Flask writes it, such as `/v2/models/<name>/infer`.
        is_single: whether a request has one row, whose errors need no index.

    """

    rule: str
    is_single = False

    @abstractmethod
    def check_head(self, head: Head) -> None:
        """Check a request before its body is read.

        Raises:
            HTTPException: the body is not one that is read, or the path names another model.

        """

    @abstractmethod
    def parse(self, content: bytes, head: Head) -> Job:
        """Read the rows of a complete, decompressed body.

        Raises:
            HTTPException: it has no rows, or they are not of the endpoint's form.
            InvalidInputError: some rows are not of that form.

        """


def check_model(predictor: Predictor, head: Head) -> None:
    """Check the model that a path names; one without a version is that of any version.

    Raises:
        NotFound: it is another one.
        NotReadyError: which one is here is not known yet.

    """
    if not predictor.name:
        raise NotReadyError
    name, version = head.arguments["name"], head.arguments.get("version")
    if name != predictor.name:
        raise NotFound(f"There is no model {_shown(name)}: the model here is '{predictor.name}'")
    if version is not None and predictor.version is not None and version != predictor.version:
        raise NotFound(
            f"There is no version {_shown(version)} of the model: here is {predictor.version!r}"
        )


def check_ready(predictor: Predictor) -> None:
    """Check that the model is ready, and not draining.

    Raises:
        NotReadyError: it is not.

    """
    if predictor.status.state is not State.READY:
        raise NotReadyError


def _shown(name: str) -> str:
    return repr(truncate(name, 100))
