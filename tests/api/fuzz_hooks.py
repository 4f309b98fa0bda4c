"""What schemathesis leaves out, in its own process; see test_fuzz.py."""

from typing import Any

import schemathesis

_INTEGERS = range(-(2**63), 2**64)


@schemathesis.hook
def filter_body(context: schemathesis.HookContext, body: Any) -> bool:  # noqa: ARG001 - its name is fixed
    """Leave out integers beyond 64 bits: the service refuses them wherever they are.

    Swagger 2.0 can say so of a parameter that is an integer, not of values of any type.
    """
    return all(number in _INTEGERS for number in _integers(body))


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []
