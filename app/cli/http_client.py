"""Calls a running service, for the commands that need one."""

import contextlib
import json
from collections.abc import Iterator
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import click

from app.api.paths import PREDICT
from app.codec import JsonValue

_TIMEOUT = 30  # seconds


def _parse_url(_context: click.Context, _parameter: click.Parameter, url: str) -> str:
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # the port is not a number
        is_valid = False
    if not is_valid:
        raise click.ClickException(f"{url!r} is not a URL: give http://HOST:PORT of the service")
    return url.rstrip("/")


url_argument = click.argument("url", callback=_parse_url)


def get_sample(url: str) -> JsonValue:
    """Return the example input from the Swagger document of the service at `url`.

    Raises:
        URLError: it cannot be reached, or answered with an error (HTTPError, a subclass).
        KeyError: what it returned is not such a document.

    """
    return _call(f"{url}/api/swagger.json")["definitions"]["input_vector"].get("example", {})


def predict(url: str, row: JsonValue) -> JsonValue:
    """Return the prediction of the service at `url` for one row.

    Raises:
        URLError: it cannot be reached, or answered with an error (HTTPError, a subclass).

    """
    return _call(f"{url}{PREDICT}", json.dumps(row).encode())


@contextlib.contextmanager
def explain_errors(url: str) -> Iterator[None]:
    """Turn the errors of a call of the service at `url` into one line.

    Raises:
        ClickException: for each of them; click prints it and exits with 1.

    """
    try:
        yield
    except HTTPError as error:
        body = error.read(1000).decode(errors="replace")
        raise click.ClickException(f"{error.url} answered {error.code}: {body}") from error
    except (URLError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise click.ClickException(f"{url} cannot be reached: {reason}") from error
    except HTTPException as error:
        raise click.ClickException(
            f"{url} did not respond in HTTP: {type(error).__name__}"
        ) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename or url}: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"{url}, or the rows for it, are not as expected: {type(error).__name__}: {error}"
        ) from error


def _call(url: str, body: bytes | None = None) -> JsonValue:
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(url, body, headers), timeout=_TIMEOUT) as response:  # noqa: S310 - the operator's own
        return json.load(response)
