"""The id of a request, which every log line that is written for it carries.

A caller's own id (X-Request-Id) or that of its trace (https://www.w3.org/TR/trace-context/)
is kept; any other request gets a random one.
"""

import random
import re
from contextvars import ContextVar

# What the current thread or task works for: a request's id, or those of a batch.
current_request_ids: ContextVar[tuple[str, ...]] = ContextVar("request_ids", default=())

_OWN_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(
    rb"(?!ff|00.{54})[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)


def request_id(own_id: bytes, traceparent: bytes) -> str:
    """Return the id of a request.

    Args:
        own_id: the X-Request-Id header, empty without one.
        traceparent: the traceparent header, empty without one.

    """
    if _OWN_ID.fullmatch(own_id):
        return own_id.decode()
    if trace := _TRACEPARENT.fullmatch(traceparent):
        return trace[1].decode()
    return f"{random.getrandbits(128):032x}"
