"""Downloads one file from http, https, s3, gs or a mounted volume, chunk by chunk.

http and https are read by the standard library: with redirects, proxies (HTTPS_PROXY,
HTTP_PROXY, NO_PROXY) and private CAs (SSL_CERT_FILE). s3 and gs are read by obstore, which
honours the same variables, AWS_ENDPOINT_URL, and AWS's and Google's usual ones for
credentials and workload identity.
"""

import asyncio
import base64
import hashlib
import http.client
import logging
import re
import ssl
import time
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast
from urllib.error import HTTPError
from urllib.parse import quote, unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import GCSStore, S3Store

from app.errors import FetchError, TransientError
from app.fetch.unpack import CHUNK

_TRANSIENT = {408, 425, 429}  # and everything from 500
_HINTS = {
    401: "give credentials",
    403: "check the credentials, or whether the link has expired",
    404: "there is no such file, check MODEL_URI",
}
_UNTRUSTED = "the server's certificate is not trusted: set SSL_CERT_FILE to a file with its CA"
_SAFE = "%/:=&?~+!$,;'@()*[]"  # not quoted again: a URI is encoded already, but for stray spaces
_HTTP_HANDLERS = (  # urllib's build_opener() would add file:, data: and ftp:
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.UnknownHandler,
)
_STORES: dict[str, type[S3Store | GCSStore]] = {"s3": S3Store, "gs": GCSStore}
_log = logging.getLogger(__name__)


class DownloadSink:
    """Writes, hashes and counts the bytes of a download, limits them, and logs the progress."""

    def __init__(self, out: BinaryIO, limit: int, report_seconds: float = 5) -> None:
        self.size = 0
        self._out, self._limit, self._report_seconds = out, limit, report_seconds
        self._expected: int | None = None
        self._hash = hashlib.sha256()
        self._reported = time.monotonic()

    @property
    def sha256(self) -> str:
        """The sha256 of the bytes so far, in lower-case hex."""
        return self._hash.hexdigest()

    def expect(self, size: int | None) -> None:
        """Set the size that the source states, if it does."""
        self._expected = size
        self._check_size(size or 0)

    def write(self, chunk: bytes) -> None:
        """Write the next bytes."""
        self._check_size(self.size + len(chunk))
        try:
            self._out.write(chunk)
        except OSError as error:
            raise FetchError(f"cannot write to MODEL_TARGET: {error.strerror}") from error
        self._hash.update(chunk)
        self.size += len(chunk)
        if time.monotonic() - self._reported >= self._report_seconds:
            self._report()

    def finish(self) -> None:
        """Check that all bytes have arrived."""
        if self._expected is not None and self.size != self._expected:
            raise TransientError(f"only {self.size} of {self._expected} bytes arrived")

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise FetchError(f"it has more than {self._limit} bytes, the limit of FETCH_MAX_BYTES")

    def _report(self) -> None:
        self._reported = time.monotonic()
        whole = f" of {self._expected / 1e6:.1f}" if self._expected else ""
        _log.info("%.1f%s MB", self.size / 1e6, whole)


def download(uri: str, timeout: int, sink: DownloadSink) -> None:
    """Read all of the file that the URI names.

    Args:
        uri: http, https, s3, gs, file or an absolute path.
        timeout: seconds without a byte that end the attempt.
        sink: receives the bytes.

    Raises:
        FetchError: there is no such file, or it must not be read.
        TransientError: it could not be read this time.

    """
    match _scheme(uri):
        case "http" | "https":
            _read_http(uri, timeout, sink)
        case "s3" | "gs":
            asyncio.run(_read_object(uri, timedelta(seconds=timeout), sink))
        case "file":
            _read_file(Path(_path(uri)), sink)
        case _:
            raise FetchError("MODEL_URI must begin with https:// http:// s3:// gs:// file:// or /")


def name_of(uri: str) -> str:
    """Return the last part of the URI's path, percent-decoded; empty if it ends in a slash."""
    return _path(uri).rpartition("/")[2]


def _scheme(uri: str) -> str:
    return "file" if uri.startswith("/") else uri.partition("://")[0].lower()


def _path(uri: str) -> str:
    """Return the path; names in s3 and gs, and plain paths, have no percent-encoding."""
    if uri.startswith("/") or _scheme(uri) in _STORES:
        return uri
    return unquote(urlsplit(uri).path)


def _read_file(path: Path, sink: DownloadSink) -> None:
    try:
        with path.open("rb") as file:
            sink.expect(path.stat().st_size)
            while chunk := file.read(CHUNK):
                sink.write(chunk)
    except OSError as error:
        raise FetchError(f"{error.strerror}: check MODEL_URI and the mounted volume") from error


def _read_http(uri: str, timeout: int, sink: DownloadSink) -> None:
    try:
        with _open(uri, timeout) as response:
            sink.expect(response.length)
            while chunk := response.read(CHUNK):
                sink.write(chunk)
    except HTTPError as error:
        with error:
            raise _http_error(error.code) from error
    except (ValueError, http.client.InvalidURL) as error:
        raise FetchError("the address, its redirect or the proxy has no valid host") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise FetchError(f"{_UNTRUSTED} ({reason.verify_message})") from error
        raise TransientError(getattr(reason, "strerror", None) or str(reason)) from error


def _open(uri: str, timeout: int) -> http.client.HTTPResponse:
    parts = urlsplit(uri)
    if not parts.hostname or parts.port == 0:  # .port raises ValueError if it is not a number
        raise ValueError
    user, _, host = parts.netloc.rpartition("@")
    url = f"{parts.scheme}://{host}{quote(parts.path or '/', safe=_SAFE)}"
    if parts.query:
        url += f"?{quote(parts.query, safe=_SAFE)}"
    opener = urllib.request.OpenerDirector()
    for handler in _HTTP_HANDLERS:
        opener.add_handler(handler())
    if user:
        opener.add_handler(_Credentials((parts.scheme, host), user))
    request = urllib.request.Request(url, headers={"User-Agent": "ml-rest-api"})  # noqa: S310 - of a known scheme
    return cast("http.client.HTTPResponse", opener.open(request, timeout=timeout))


class _Credentials(urllib.request.BaseHandler):
    """Sends the URI's user and password to its own host, not to the target of a redirect."""

    def __init__(self, origin: tuple[str, str], user: str) -> None:
        self._origin = origin
        self._value = "Basic " + base64.b64encode(unquote(user).encode()).decode()

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        if (request.type, request.host) == self._origin:
            request.add_unredirected_header("Authorization", self._value)
        return request

    https_request = http_request


async def _read_object(uri: str, patience: timedelta, sink: DownloadSink) -> None:
    """Read from s3 or gs; without blocking, so that SIGTERM is handled in between."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    if not bucket or not key:
        raise FetchError(
            "MODEL_URI does not name an object: give s3://bucket/name or gs://bucket/name"
        )
    try:
        store = _STORES[_scheme(uri)](
            bucket,
            client_options={
                "allow_http": True,  # for an AWS_ENDPOINT_URL in the cluster
                "connect_timeout": patience,
                "read_timeout": patience,
                "timeout": timedelta(days=30),  # of the whole; the default is 30 s
            },
            retry_config={"max_retries": 0},  # fetch.py retries
        )
        result = await obstore.get_async(store, key)
        sink.expect(result.meta["size"])
        async for chunk in result.stream(CHUNK):
            sink.write(chunk)
    except ValueError as error:
        raise FetchError(f"not a valid name in a bucket: {error}") from error
    except (BaseError, OSError) as error:
        raise _object_store_error(str(error)) from error


def _object_store_error(text: str) -> Exception:
    """Extract the reason from obstore's long text."""
    if status := re.search(r"status code: (\d{3})", text):
        code = re.search(r"<Code>(\w+)</Code>", text)
        return _http_error(int(status[1]), code[1] if code else "")
    if "InvalidCertificate" in text:
        return FetchError(_UNTRUSTED)
    reasons = re.findall(r'(?:message|error): "([^"]+)"', text)
    return TransientError(reasons[-1] if reasons else text.partition("\n")[0])


def _http_error(status: int, code: str = "") -> Exception:
    phrase = code or http.client.responses.get(status, "")
    answer = f"the server answered {status} {phrase}".strip()
    if status in _TRANSIENT or status >= http.client.INTERNAL_SERVER_ERROR:
        return TransientError(answer)
    return FetchError(f"{answer}: {_HINTS.get(status, 'check MODEL_URI')}")
