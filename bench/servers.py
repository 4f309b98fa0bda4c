"""What is measured: this service, its peers, and the limits of what they are built on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

BENCH = Path(__file__).resolve().parent
MODELS = ("cheap", "forest")
# How far an answer may be from scikit-learn's; ONNX adds up the votes of trees in 32-bit floats.
TOLERANCE = 1e-9
COMPILED_TOLERANCE = 1e-6
FEATURES = ("x1", "x2", "x3", "x4")

Kind = Literal["ours", "peer", "original", "limit"]
Body = Callable[[list[float]], object]


@dataclass(frozen=True)
class Server:
    """A server as it is started and asked.

    `command` and the values of `env` are templates, filled in by `running.py`: {port}, {port2}
    and {port3} are free, {models} is the folder of the trained models, {model} the name of one,
    {tmp} a folder of its own that is deleted afterwards.
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
    answer: Callable[[Any], float] = lambda answer: float(answer["probability"])
    settings: str = ""
    tolerance: float = TOLERANCE

    @property
    def models(self) -> tuple[str, ...]:
        """The models to measure with: what a server answers that predicts nothing needs one."""
        return MODELS[:1] if self.kind == "limit" else MODELS

    @property
    def title(self) -> str:
        """The label, with the number of processes."""
        return f"{self.label}, {self.processes} process{'es' if self.processes > 1 else ''}"
