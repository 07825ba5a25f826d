"""Serving GraphiQL: the page, its vendored libraries, and what a browser may load and run from it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

#: Scripts and requests of this server alone; the editor sets styles inline and has its fonts in its CSS.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self' data:",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def page() -> HTMLResponse:
    """The page that a browser gets where other clients get GraphQL."""
    return HTMLResponse(_html(), headers={"Content-Security-Policy": CONTENT_POLICY})


@cache
def _html() -> str:
    return (STATIC / "page.html").read_text(encoding="utf-8")


def static_files() -> StaticFiles:
    """The page's scripts, styles and example queries."""
    return StaticFiles(directory=STATIC)
