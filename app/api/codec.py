"""JSON in and out: request bodies parsed strictly, results of models encoded generously."""

import datetime
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import jiter
import orjson
from flask import Request, Response
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestTimeout,
    UnsupportedMediaType,
)

_JSON_TYPE = re.compile(r"application/([a-z0-9!#$&^_.-]+\+)?json", re.IGNORECASE)
_INTEGERS = range(-(2**63), 2**64)
# What may hold a number that no 64 bits hold: only such bodies are searched for one.
_LARGE_NUMBER = re.compile(rb"[0-9][eE]|[0-9]{19}")
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def read_json(request: Request) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value of a request's body.

    Beyond RFC 8259's grammar these are refused: duplicate names, numbers beyond 64 bits, lone
    surrogates, and more than 200 levels of nesting.

    Raises:
        UnsupportedMediaType: the Content-Type is neither application/json nor …+json.
        BadRequest: the body is missing, cut short or not JSON.
        RequestEntityTooLarge: the body is longer than MAX_CONTENT_LENGTH.
        RequestTimeout: the client stopped sending.

    """
    if not _JSON_TYPE.fullmatch(request.mimetype):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json")
    body = _read(request)
    if not body:
        raise BadRequest("The body is empty: send a JSON object")
    try:
        value = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise BadRequest(f"The body is not valid JSON: {error}") from None
    if _LARGE_NUMBER.search(body):
        for number in _numbers(value):
            if math.isinf(number) or (isinstance(number, int) and number not in _INTEGERS):
                raise BadRequest("The body has a number beyond 64 bits")
    return value


def _read(request: Request) -> bytes:
    try:
        body = request.get_data(cache=False)
    except HTTPException:
        raise
    except OSError:
        raise RequestTimeout("The body did not arrive in time") from None
    except Exception:  # noqa: BLE001 - whatever a server raises for a broken chunk
        raise BadRequest("The body is not complete") from None
    if request.content_length is not None and len(body) < request.content_length:
        raise BadRequest(f"The body ended after {len(body)} of {request.content_length} bytes")
    return body


def _numbers(value: Any) -> Iterator[float]:  # noqa: ANN401
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _numbers(item)
    elif isinstance(value, int | float):
        yield value


def json_response(
    value: Any,  # noqa: ANN401 - see encode()
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response whose body is `value` as JSON.

    Raises:
        TypeError: `value` holds something that JSON has no counterpart for.

    """
    return Response(encode(value), status, headers, content_type="application/json")


def encode(value: Any) -> bytes:  # noqa: ANN401 - whatever a model returns
    """Return `value` as JSON in UTF-8.

    numpy scalars and arrays, pandas objects, dates, Decimal, sets and tuples become what they
    hold; NaN and infinities become null; a DataFrame becomes a list of objects.

    Raises:
        TypeError: `value` holds something that JSON has no counterpart for.

    """
    try:
        return orjson.dumps(value, default=_plain, option=_OPTIONS)
    except TypeError:  # perhaps only numpy keys, or integers beyond 64 bits: once more, by hand
        return orjson.dumps(_plain_deep(value), option=_OPTIONS)


def _plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - one line for each type
    """Return one value that is none of JSON's as one that is."""
    match value:
        case decimal.Decimal():
            return float(value) if value.is_finite() else None
        case set() | frozenset() | tuple():
            return list(value)
        case datetime.datetime() | datetime.date() | datetime.time():
            text = value.isoformat()
            return None if text == "NaT" else text
        case Mapping():
            return dict(value)
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return value.to_dict(orient="records")
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, pandas' Series and Index
        return value.tolist()
    if hasattr(value, "isoformat"):  # pandas' Timestamp and Timedelta
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no JSON counterpart")


def _plain_deep(value: Any) -> Any:  # noqa: ANN401
    match value:
        case None | bool() | float() | str():
            return value
        case int():
            return value if value in _INTEGERS else float(value)
        case dict():
            return {_key(key): _plain_deep(item) for key, item in value.items()}
        case list():
            return [_plain_deep(item) for item in value]
    return _plain_deep(_plain(value))


def _key(key: Any) -> Any:  # noqa: ANN401
    return key.item() if hasattr(key, "item") else key
