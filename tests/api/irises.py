"""A model of irises, and requests to it as clients of the Open Inference Protocol send them."""

import json
import struct
from collections.abc import Sequence
from typing import Any

FLOWERS = '''
    """Which iris it is."""
    __version__ = "1.2"

    def sample():
        return {"sepal_length": 6.8, "sepal_width": 2.8, "petal_length": 4.8, "petal_width": 1.4}

    def run(input_data):
        return int(input_data["petal_width"] > 1)
'''
VALUES = [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 0.6]
TABLE = {
    "name": "input-0",
    "shape": [2, 4],
    "datatype": "FP32",
    "data": [VALUES[:4], VALUES[4:]],
}
CLASSES = {"name": "predict", "datatype": "INT64", "shape": [2], "data": [1, 0]}
LENGTH = "Inference-Header-Content-Length"


def binary_request(
    values: Sequence[float], shape: Sequence[int] = (2, 4)
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a request with a binary tensor."""
    size = {"binary_data_size": 4 * len(values)}
    tensor: dict[str, Any] = {"name": "x", "shape": shape, "datatype": "FP32", "parameters": size}
    head = json.dumps({"inputs": [tensor]}).encode()
    headers = {LENGTH: str(len(head)), "Content-Type": "application/octet-stream"}
    return head + struct.pack(f"<{len(values)}f", *values), headers
