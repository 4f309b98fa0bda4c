"""The container's termination message: what `kubectl describe pod` shows of its end."""

import contextlib
from pathlib import Path

PATH = Path("/dev/termination-log")  # Kubernetes' default terminationMessagePath


def write_termination_message(line: str, path: Path = PATH) -> None:
    """Leave `line` where Kubernetes looks for it; elsewhere do nothing."""
    with contextlib.suppress(OSError), path.open("r+", encoding="utf-8") as file:
        file.truncate()
        file.write(line)
