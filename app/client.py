"""Asks a running service for a prediction from its own sample: `python -m app.client URL`.

`helm test` runs it inside the cluster. It prints the prediction, or one line that says what
is wrong, and then ends with 1.
"""

import json
import sys
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_TIMEOUT = 30  # seconds


def predict_sample(url: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the prediction of the service at `url` for the sample in its Swagger document.

    Raises:
        URLError: it cannot be reached, or refused (HTTPError, a kind of URLError).
        ValueError: what it answered is not the API's.

    """
    document = _call(f"{url}/api/swagger.json")
    sample = _example(document["definitions"]["input_vector"])
    return _call(f"{url}/api/model/predict", json.dumps(sample).encode())


def _call(url: str, body: bytes | None = None) -> Any:  # noqa: ANN401
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=_TIMEOUT) as response:  # noqa: S310
        return json.load(response)


def _example(schema: dict[str, Any]) -> Any:  # noqa: ANN401
    if "properties" in schema:
        return {name: _example(item) for name, item in schema["properties"].items()}
    return schema.get("example", {} if schema.get("type") == "object" else None)


def main() -> None:
    """Print the prediction of the service at the address that the command line has."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its argument
        sys.exit("usage: python -m app.client http://HOST:PORT")
    url = sys.argv[1].rstrip("/")
    try:
        print(json.dumps(predict_sample(url)))
    except HTTPError as error:
        sys.exit(f"{error.url} answered {error.code}: {error.read(1000).decode(errors='replace')}")
    except (URLError, TimeoutError) as error:
        sys.exit(f"{url} cannot be reached: {getattr(error, 'reason', error)}")
    except (ValueError, KeyError) as error:
        sys.exit(f"{url} is no ml-rest-api: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
