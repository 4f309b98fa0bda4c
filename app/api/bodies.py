"""Bodies of requests: their type, their encoding, their limits."""

import gzip
import io
import re
import zlib

from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

from app.codec import JsonValue, decode

_JSON_TYPE = re.compile(r"application/([a-z0-9!#$&^_.-]+\+)?json", re.IGNORECASE)


def check_json_type(content_type: str) -> None:
    """Check the Content-Type header of JSON; it is empty where there is none.

    Raises:
        UnsupportedMediaType: it is another type.

    """
    if content_type != "application/json":  # nearly always it is
        media_type = content_type.partition(";")[0].strip()
        if not _JSON_TYPE.fullmatch(media_type):
            raise UnsupportedMediaType("Send the body as Content-Type: application/json")


def decode_json(content: bytes) -> JsonValue:
    """Return the JSON value of a body.

    Raises:
        BadRequest: the body is empty, or not JSON.

    """
    if not content:
        raise BadRequest("The body is empty: send a JSON object")
    try:
        return decode(content)
    except ValueError as error:
        hint = "; send null, not NaN" if b"NaN" in content else ""
        raise BadRequest(f"The body is not valid JSON: {error}{hint}") from None


class Bodies:
    """Reads the bodies of requests.

    Attributes:
        max_length: in bytes.

    """

    def __init__(self, max_length: int) -> None:
        """Accept `max_length` bytes, after decompression too."""
        self.max_length = max_length

    def check_size(self, encoding: str, length: int | None) -> None:
        """Check what the headers tell of a body's encoding and size.

        Args:
            encoding: the Content-Encoding header, empty without one.
            length: the Content-Length header, if there is one.

        Raises:
            UnsupportedMediaType: it is compressed by other than gzip.
            RequestEntityTooLarge: it is longer than MAX_CONTENT_LENGTH.

        """
        if encoding and encoding.strip().lower() not in ("identity", "gzip"):
            raise UnsupportedMediaType("Send the body with Content-Encoding: gzip, or without")
        if length is not None and length > self.max_length:
            raise self.too_large()

    def too_large(self) -> RequestEntityTooLarge:
        """Return the error of a body longer than MAX_CONTENT_LENGTH."""
        return RequestEntityTooLarge(f"The body has more than {self.max_length} bytes")

    def content(self, body: bytes, encoding: str) -> bytes:
        """Return a complete body, decompressed.

        Args:
            body: as it was sent.
            encoding: the Content-Encoding header, empty without one.

        Raises:
            BadRequest: the body is not gzip.
            RequestEntityTooLarge: it is longer than MAX_CONTENT_LENGTH when decompressed.

        """
        return self._decompress(body) if encoding.strip().lower() == "gzip" else body

    def _decompress(self, body: bytes) -> bytes:
        try:
            content = gzip.GzipFile(fileobj=io.BytesIO(body)).read(self.max_length + 1)
        except (EOFError, OSError, zlib.error):
            raise BadRequest("The body is not valid gzip") from None
        if len(content) > self.max_length:
            raise self.too_large()
        return content
