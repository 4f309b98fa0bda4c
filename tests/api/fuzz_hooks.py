"""Hooks for the schemathesis process of test_fuzz.py."""

from typing import Any

import schemathesis

_INTEGERS = range(-(2**63), 2**64)


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: Any) -> bool:  # noqa: ARG001 - its name is fixed
    """Skip bodies with integers beyond 64 bits, which the service rejects anywhere in a body.

    Swagger 2.0 can express this for an integer parameter, not for values of any type.
    """
    return all(number in _INTEGERS for number in _integers(body))


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []
