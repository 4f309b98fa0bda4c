"""What browsers need: the Swagger page, headers that confine it, and cross-site protection."""

import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, make_response, render_template, request
from flask_restx import Api
from flask_wtf.csrf import CSRFProtect

SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

# Swagger UI draws icons from data: addresses; the styles that its script sets need no leave.
_PAGE_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self'; "
    "script-src 'self' 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def swagger_page(api: Api) -> Response:
    """Return the page at `/api/`: Swagger UI for `api`, from this service's own assets."""
    nonce = secrets.token_urlsafe(16)
    response = make_response(render_template("swagger.html", api=api, nonce=nonce))
    response.headers["Content-Security-Policy"] = _PAGE_POLICY.format(nonce=nonce)
    return response


def init_security(app: Flask) -> None:
    """Give every answer the security headers; ask other sites' requests for a CSRF token.

    Only a browser attaches a user's credentials to a request that somebody else's page makes,
    and it says where that page is from: in Sec-Fetch-Site (W3C Fetch Metadata) or, where that
    is missing, in Origin (RFC 6454). Without either the caller is no browser, or an own page.
    """
    app.after_request(_add_headers)
    if not app.config["WTF_CSRF_ENABLED"]:
        return
    csrf = CSRFProtect(app)

    @app.before_request
    def refuse_other_sites() -> None:
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
    """Tell whether a browser sends a request for another site's page.

    Args:
        site: its Sec-Fetch-Site header.
        origin: its Origin header.
        host: its Host header.

    """
    if site is not None:
        return site not in ("same-origin", "none")
    try:
        return origin is not None and urlsplit(origin).netloc != host
    except ValueError:  # no address at all
        return True
