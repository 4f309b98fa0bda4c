"""`forest` without `run_batch()`: no batching."""

from forest import init, run, sample

__all__ = ["init", "run", "sample"]
