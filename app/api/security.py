"""Security headers, and requests of pages from other origins: CSRF, CORS."""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect, validate_csrf
from werkzeug.exceptions import BadRequest
from wtforms.validators import ValidationError

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")


class Origins:
    """The origins whose pages may call: this service's own, and those of CORS_ORIGINS.

    Only a browser attaches a user's credentials to a request that another site's page makes,
    and it names that page's site: in Sec-Fetch-Site (W3C Fetch Metadata) or, where that is
    missing, in Origin (RFC 6454). A request without either is not a browser's, or same-site.
    """

    def __init__(self, allowed: str) -> None:
        """Allow a comma-separated list of origins, or any with `*`."""
        self._allowed = {origin.strip().rstrip("/") for origin in allowed.split(",")} - {""}

    def allows(self, origin: str) -> bool:
        """Return whether pages of an origin may call, by CORS_ORIGINS."""
        return "*" in self._allowed or origin in self._allowed

    def is_cross_site(self, site: str | None, origin: str | None, host: str) -> bool:
        """Return whether a browser sends a request for a page that may not call.

        Args:
            site: the Sec-Fetch-Site header.
            origin: the Origin header.
            host: the Host header.

        """
        if origin is not None and self.allows(origin):
            return False
        if site is not None:
            return site not in ("same-origin", "none")
        try:
            return origin is not None and urlsplit(origin).netloc != host
        except ValueError:  # not a URL
            return True

    def headers(self, origin: str | None) -> dict[str, str]:
        """Return the headers that let a page of `origin` read the response, where it may.

        The names are those of the Fetch standard (https://fetch.spec.whatwg.org/#http-cors-protocol).
        """
        if not self._allowed:
            return {}
        headers = {"Vary": "Origin"}
        if origin is not None and self.allows(origin):
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After, X-Model-Version, X-Request-Id"
        return headers


def init_security(app: Flask, origins: Origins) -> None:
    """Add the security headers to every response; require a CSRF token of cross-site requests."""

    @app.after_request
    def add_headers(response: Response) -> Response:
        cors = origins.headers(request.headers.get("Origin"))
        for name, value in {**SECURITY_HEADERS, **cors}.items():
            response.headers.setdefault(name, value)
        if request.method == "OPTIONS" and not response.data:
            del response.headers["Content-Type"]
            if "Access-Control-Allow-Origin" in cors:
                _allow_preflighted(response)
        return response

    if not app.config["WTF_CSRF_ENABLED"]:
        return
    CSRFProtect(app)  # for the page's token

    @app.before_request
    def reject_cross_site_requests() -> None:
        headers = request.headers
        is_cross_site = origins.is_cross_site(
            headers.get("Sec-Fetch-Site"), headers.get("Origin"), headers.get("Host", "")
        )
        if is_cross_site and request.method not in _SAFE_METHODS:
            try:
                validate_csrf(headers.get("X-CSRFToken"))
            except ValidationError as error:
                hint = "to let pages of other origins call, name the origins in CORS_ORIGINS"
                raise BadRequest(f"{str(error).rstrip('.')}: {hint}") from None


def _allow_preflighted(response: Response) -> None:
    """Allow what a browser asks for before it sends a request that is not simple."""
    response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
    requested = request.headers.get("Access-Control-Request-Headers")
    response.headers["Access-Control-Allow-Headers"] = requested or "Content-Type"
    response.headers["Access-Control-Max-Age"] = "600"  # seconds
