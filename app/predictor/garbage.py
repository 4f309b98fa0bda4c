"""Keeps what stays for ever out of Python's garbage collections."""

import gc


def freeze() -> None:
    """Let no collection walk, or write into, what is in memory now: see `gc.freeze`.

    A full collection waits until there are a fourth as many objects as the one before has left:
    hundreds of thousands, with a model. So there is another one, which leaves none.
    """
    gc.collect()
    gc.freeze()
    gc.collect()
