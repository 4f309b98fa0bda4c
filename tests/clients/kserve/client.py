"""KServe's client: see test_kserve.py."""

import asyncio
import json
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput, from_np_dtype


def tensor(name, values, dtype=None, *, binary):
    array = np.array(values, dtype=object if isinstance(values[0], str) else dtype)
    tensor = InferInput(name, list(array.shape), from_np_dtype(array.dtype))
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def request(model, *tensors, **options):
    return InferRequest(model, list(tensors), request_id="42", **options)


def flowers_request(flowers, *, binary, model="iris"):
    outputs = [RequestedOutput("predict", {"binary_data": binary})]
    flowers = tensor("input-0", flowers, np.float32, binary=binary)
    return request(model, flowers, request_outputs=outputs)


def rows_request(rows, *, binary):
    columns = [tensor(name, [row[name] for row in rows], binary=binary) for name in rows[0]]
    return request("bikes", *columns, parameters={"content_type": "pd"})


async def error(awaitable):
    try:
        await awaitable
    except httpx.HTTPStatusError as raised:
        return {"status": raised.response.status_code, "message": str(raised)}
    return None


async def v1(given):
    iris, bikes, unready = given["iris"], given["bikes"], given["unready"]
    lists = {"instances": given["flowers"]}
    objects = [
        {name: [value] for name, value in zip(given["names"], flower, strict=True)}
        for flower in given["flowers"]
    ]
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        return {
            "model ready": await client.is_model_ready(iris, "iris"),
            "lists": await client.infer(iris, lists, "iris"),
            "objects": await client.infer(iris, {"instances": objects}, "iris"),
            "rows": await client.infer(bikes, {"instances": given["rows"]}, "bikes"),
            "invalid": await error(
                client.infer(bikes, {"instances": given["invalid_rows"]}, "bikes")
            ),
            "unknown model": await error(client.infer(iris, lists, "iris-2")),
            "unknown model ready": await error(client.is_model_ready(iris, "iris-2")),
            "unready model ready": await client.is_model_ready(unready, "unready"),
            "unready": await error(client.infer(unready, {"instances": [{}]}, "unready")),
        }


async def v2(given):
    iris, bikes, unready = given["iris"], given["bikes"], given["unready"]
    flowers, rows = given["flowers"], given["rows"]
    body = {"inputs": [{"name": "input-0", "shape": [2, 4], "datatype": "FP32", "data": flowers}]}
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        return {
            "live": await client.is_server_live(iris),
            "ready": await client.is_server_ready(iris),
            "model ready": await client.is_model_ready(iris, "iris"),
            "dict": response(await client.infer(iris, body, "iris")),
            "flowers": [
                response(await client.infer(iris, flowers_request(flowers, binary=binary), "iris"))
                for binary in (False, True)
            ],
            "rows": [
                response(await client.infer(bikes, rows_request(rows, binary=binary), "bikes"))
                for binary in (False, True)
            ],
            "invalid": [
                await error(
                    client.infer(bikes, rows_request(given["invalid_rows"], binary=binary), "bikes")
                )
                for binary in (False, True)
            ],
            "unknown model": await error(
                client.infer(iris, flowers_request(flowers, binary=True, model="iris-2"), "iris-2")
            ),
            "unknown model ready": await client.is_model_ready(iris, "iris-2"),
            "unready live": await client.is_server_live(unready),
            "unready ready": await error(client.is_server_ready(unready)),
            "unready model ready": await client.is_model_ready(unready, "unready"),
            "unready": await error(
                client.infer(
                    unready, flowers_request(flowers, binary=False, model="unready"), "unready"
                )
            ),
        }


def response(got):
    return got.to_rest()[0]


async def main():
    given = json.loads(sys.argv[1])
    json.dump({"v1": await v1(given), "v2": await v2(given)}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
