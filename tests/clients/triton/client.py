"""Triton's client: see test_triton.py."""

import asyncio
import json
import sys

import numpy as np
import tritonclient.http as triton
from tritonclient.http import aio
from tritonclient.utils import InferenceServerException, np_to_triton_dtype


def tensor(name, values, dtype=None, *, binary=True):
    array = np.array(values, dtype=object if isinstance(values[0], str) else dtype)
    tensor = triton.InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def columns(rows, *, binary=True):
    return [tensor(name, [row[name] for row in rows], binary=binary) for name in rows[0]]


def error(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except InferenceServerException as raised:
        return {"status": raised.status(), "message": raised.message()}
    return None


def connect(url):
    return triton.InferenceServerClient(url.removeprefix("http://"))


def from_iris(client, flowers):
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": client.is_model_ready("iris"),
        "version ready": client.is_model_ready("iris", "3"),
        "server": client.get_server_metadata(),
        "model": client.get_model_metadata("iris"),
        "version": client.get_model_metadata("iris", "3"),
        "predictions": {
            f"{dtype.__name__} binary={binary} {compression}": client.infer(
                "iris",
                [tensor("input-0", flowers, dtype, binary=binary)],
                request_compression_algorithm=compression,
            )
            .as_numpy("predict")
            .tolist()
            for dtype in (np.float32, np.float64)
            for binary in (False, True)
            for compression in (None, "gzip")
        },
        "response": client.infer(
            "iris",
            [tensor("input-0", flowers)],
            model_version="3",
            request_id="42",
            outputs=[triton.InferRequestedOutput("predict")],
            response_compression_algorithm="gzip",
        ).get_response(),
        "unknown model": error(client.infer, "iris-2", [tensor("input-0", flowers)]),
        "unknown version": error(client.get_model_metadata, "iris", "4"),
        "unknown model ready": client.is_model_ready("iris-2"),
    }


def from_bikes(client, rows, invalid_rows):
    return {
        "model": client.get_model_metadata("bikes"),
        "predictions": [
            client.infer("bikes", columns(rows, binary=binary)).as_numpy("bikes").tolist()
            for binary in (False, True)
        ],
        "invalid": [
            error(client.infer, "bikes", columns(invalid_rows, binary=binary))
            for binary in (False, True)
        ],
    }


def from_unready(client, flowers):
    return {
        "live": client.is_server_live(),
        "ready": client.is_server_ready(),
        "model ready": client.is_model_ready("unready"),
        "error": error(client.infer, "unready", [tensor("input-0", flowers)]),
    }


async def asynchronously(url, flowers):
    async with aio.InferenceServerClient(url.removeprefix("http://")) as client:
        result = await client.infer("iris", [tensor("input-0", flowers)])
        return result.as_numpy("predict").tolist()


def main():
    given = json.loads(sys.argv[1])
    flowers = given["flowers"]
    got = {
        "iris": from_iris(connect(given["iris"]), flowers),
        "bikes": from_bikes(connect(given["bikes"]), given["rows"], given["invalid_rows"]),
        "unready": from_unready(connect(given["unready"]), flowers),
        "asynchronous": asyncio.run(asynchronously(given["iris"], flowers)),
    }
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main()
