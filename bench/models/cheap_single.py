"""`cheap` without `run_batch()`: no batching."""

from cheap import init, run, sample

__all__ = ["init", "run", "sample"]
