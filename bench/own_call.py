"""The model's own batch call, in a process of its own: `python -m bench.own_call MODEL`.

For each line of its input, a number of seconds, the process calls `run_batch()` for that long and
prints the median duration in milliseconds. Each call gets rows that were just parsed, as those of
a request are.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import cycle
from statistics import median
from typing import Any

import joblib

from app.codec import decode
from app.config.cpus import thread_pool_env
from app.predictor.model_thread import without_joblib_pools
from bench.server_process import BenchError
from bench.servers import BENCH, FEATURES


@contextmanager
def own_call(model: str) -> Iterator[Callable[[float], float]]:
    """Start the process, with thread pools of the same sizes as in one process of the service.

    Yields:
        A function that calls the model for some seconds and returns the median in milliseconds.

    """
    python = BENCH / ".venvs" / "ours" / "bin" / "python"
    with subprocess.Popen(
        [python, "-m", "bench.own_call", model],
        cwd=BENCH.parent,
        env={"LANG": "C.UTF-8", **thread_pool_env(1)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        yield lambda seconds: _ask(process, seconds)  # it ends at the end of its input


def _ask(process: subprocess.Popen[str], seconds: float) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{seconds}\n")
        return float(process.stdout.readline())
    except (OSError, ValueError) as error:
        raise BenchError(f"the model's own call failed: {error!r}") from error


def main() -> None:
    """Answer each line."""
    sys.path.insert(0, str(BENCH / "models"))
    module = import_module(sys.argv[1])
    module.init()
    batches = joblib.load(BENCH / "models" / "batches.joblib")["batches"]
    texts = cycle(
        [
            json.dumps([dict(zip(FEATURES, row, strict=True)) for row in batch]).encode()
            for batch in batches
        ]
    )
    with without_joblib_pools():  # as in the service
        for line in sys.stdin:
            print(_median(module, texts, float(line)), flush=True)


def _median(module: Any, texts: Iterator[bytes], seconds: float) -> float:  # noqa: ANN401 - a module
    durations = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        rows = decode(next(texts))
        start = time.perf_counter()
        module.run_batch(rows)
        durations.append(time.perf_counter() - start)
    return 1000 * median(durations)


if __name__ == "__main__":
    main()
