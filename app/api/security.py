"""Security headers, and protection against cross-site request forgery."""

from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def init_security(app: Flask) -> None:
    """Add the security headers to every response; require a CSRF token of cross-site requests.

    Only a browser attaches a user's credentials to a request that another site's page makes,
    and it names that page's site: in Sec-Fetch-Site (W3C Fetch Metadata) or, where that is
    missing, in Origin (RFC 6454). A request without either is not a browser's, or same-site.
    """
    app.after_request(_add_headers)
    if not app.config["WTF_CSRF_ENABLED"]:
        return
    csrf = CSRFProtect(app)

    @app.before_request
    def check_cross_site_requests() -> None:
        headers = request.headers
        host = headers.get("Host", "")
        if is_cross_site(headers.get("Sec-Fetch-Site"), headers.get("Origin"), host):
            csrf.protect()


def _add_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.method == "OPTIONS" and not response.data:
        del response.headers["Content-Type"]
    return response


def is_cross_site(site: str | None, origin: str | None, host: str) -> bool:
    """Return whether a browser sends a request for another site's page.

    Args:
        site: the Sec-Fetch-Site header.
        origin: the Origin header.
        host: the Host header.

    """
    if site is not None:
        return site not in ("same-origin", "none")
    try:
        return origin is not None and urlsplit(origin).netloc != host
    except ValueError:  # not a URL
        return True
