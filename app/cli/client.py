"""Asks a running service for a prediction from its own sample: `python -m app.cli.client URL`.

`helm test` runs it inside the cluster. It prints the prediction, or one line that says what
is wrong, and then ends with 1.
"""

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_TIMEOUT = 30  # seconds


def sample(url: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the example input that the Swagger document of the service at `url` has.

    Raises:
        URLError: it cannot be reached, or refused (HTTPError, a kind of URLError).
        KeyError: what it answered is no such document.

    """
    return _call(f"{url}/api/swagger.json")["definitions"]["input_vector"]["example"]


def predict(url: str, row: Any) -> Any:  # noqa: ANN401
    """Return the prediction of the service at `url` for one row.

    Raises:
        URLError: it cannot be reached, or refused (HTTPError, a kind of URLError).

    """
    return _call(f"{url}/api/model/predict", json.dumps(row).encode())


@contextlib.contextmanager
def explain(url: str) -> Iterator[None]:
    """End the process with one line where the service at `url` does not answer as it should."""
    try:
        yield
    except HTTPError as error:
        sys.exit(f"{error.url} answered {error.code}: {error.read(1000).decode(errors='replace')}")
    except (URLError, TimeoutError) as error:
        sys.exit(f"{url} cannot be reached: {getattr(error, 'reason', error)}")
    except OSError as error:
        sys.exit(f"{error.filename or url}: {error.strerror or error}")
    except (ValueError, KeyError, TypeError) as error:
        sys.exit(f"{url}, or the rows for it, are not as expected: {type(error).__name__}: {error}")


def _call(url: str, body: bytes | None = None) -> Any:  # noqa: ANN401
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=_TIMEOUT) as response:  # noqa: S310
        return json.load(response)


def main() -> None:
    """Print the prediction of the service at the address that the command line has."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its argument
        sys.exit("usage: python -m app.cli.client http://HOST:PORT")
    url = sys.argv[1].rstrip("/")
    with explain(url):
        print(json.dumps(predict(url, sample(url))))


if __name__ == "__main__":
    main()
