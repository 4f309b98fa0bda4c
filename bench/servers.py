"""The description of a server to measure, and the constants that all servers share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

BENCH = Path(__file__).resolve().parent
MODELS = ("cheap", "forest")
# Maximum difference from scikit-learn's predictions; ONNX sums the trees' votes in 32-bit floats.
TOLERANCE = 1e-9
COMPILED_TOLERANCE = 1e-6
FEATURES = ("x1", "x2", "x3", "x4")

Kind = Literal["ours", "peer", "original", "limit"]
Body = Callable[[list[float]], object]


@dataclass(frozen=True)
class Server:
    """How to start a server and send requests to it.

    `command` and the values of `env` are templates, rendered by `server_process.py`: {port},
    {port2} and {port3} are free ports, {models} is the directory of the trained models, {model}
    the name of a model, {tmp} a temporary directory that is deleted afterwards.
    """

    key: str
    label: str
    kind: Kind
    processes: int
    venv: str
    folder: str
    command: str
    env: dict[str, str] = field(default_factory=dict)
    path: str = "/predict"
    body: Body = lambda row: dict(zip(FEATURES, row, strict=True))
    parse_response: Callable[[Any], float] = lambda response: float(response["probability"])
    settings: str = ""
    tolerance: float = TOLERANCE

    @property
    def models(self) -> tuple[str, ...]:
        """The models to measure with; one is enough for a server that predicts nothing."""
        return MODELS[:1] if self.kind == "limit" else MODELS


def process_count(number: int) -> str:
    """Return the number with its noun, such as "2 processes"."""
    return f"{number} process{'es' if number > 1 else ''}"
