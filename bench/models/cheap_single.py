"""`cheap` without `run_batch()`: calls are not joined."""

from cheap import init, run, sample

__all__ = ["init", "run", "sample"]
