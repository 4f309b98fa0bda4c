"""MLServer's types and codecs: see test_mlserver.py."""

import json
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pandas as pd
from mlserver.codecs import NumpyRequestCodec, PandasCodec
from mlserver.types import (
    InferenceErrorResponse,
    InferenceResponse,
    MetadataModelErrorResponse,
    MetadataModelResponse,
    MetadataServerResponse,
)


def get(url, kind):
    with urlopen(url) as response:
        return kind.model_validate_json(response.read())


def infer(url, request):
    body = request.model_dump_json().encode()
    with urlopen(Request(f"{url}/infer", body, {"Content-Type": "application/json"})) as response:
        return InferenceResponse.model_validate_json(response.read())


def error(kind, function, *arguments):
    try:
        function(*arguments)
    except HTTPError as raised:
        return {"status": raised.code, **kind.model_validate_json(raised.read()).model_dump()}
    return None


def table(rows):
    frame = pd.DataFrame(rows)
    texts = [name for name, value in rows[0].items() if isinstance(value, str)]
    return PandasCodec.encode_request(frame.astype(dict.fromkeys(texts, object)), use_bytes=False)


def main():
    given = json.loads(sys.argv[1])
    iris, bikes, unready = (
        f"{given[name]}/v2/models/{name}" for name in ("iris", "bikes", "unready")
    )
    flowers = NumpyRequestCodec.encode_request(np.array(given["flowers"]))
    flowers.id = "42"
    response = infer(iris, flowers)
    got = {
        "server": get(f"{given['iris']}/v2", MetadataServerResponse).model_dump(),
        "model": get(bikes, MetadataModelResponse).model_dump(),
        "response": response.model_dump(),
        "flowers": NumpyRequestCodec.decode_response(response).tolist(),
        "rows": PandasCodec.decode_response(infer(bikes, table(given["rows"]))).to_dict("records"),
        "invalid": error(InferenceErrorResponse, infer, bikes, table(given["invalid_rows"])),
        "unknown model": error(MetadataModelErrorResponse, get, f"{iris}-2", MetadataModelResponse),
        "unready": error(InferenceErrorResponse, infer, unready, flowers),
    }
    json.dump(got, sys.stdout)


if __name__ == "__main__":
    main()
