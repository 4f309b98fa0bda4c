"""Hooks for the schemathesis process of test_fuzz.py."""

from typing import Any

import schemathesis

_INTEGERS = range(-(2**63), 2**64)


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: Any) -> bool:  # noqa: ARG001 - its name is fixed
    """Skip bodies whose validity the document cannot express.

    Integers beyond 64 bits are rejected anywhere in a body: Swagger 2.0 can say that of an integer
    parameter, not of values of any type. And with `partial`, rows need not be valid.
    """
    is_partial = isinstance(body, dict) and "rows" in body and body.get("partial") is True
    return not is_partial and all(number in _INTEGERS for number in _integers(body))


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []
