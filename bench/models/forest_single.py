"""`forest` without `run_batch()`: calls are not joined."""

from forest import init, run, sample

__all__ = ["init", "run", "sample"]
