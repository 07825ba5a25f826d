"""Around every request: its size is bounded, it gets an id, and one log line says how it went."""

from __future__ import annotations

import re
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import getrandbits

import structlog
from opentelemetry.trace import Span, SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models import tracing
from models.statements import counted
from schema.core import metrics
from schema.core.current import Current, request
from schema.core.refusals import INTERNAL, refusal

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
#: What is logged for a request whose caller went away before there was an answer.
CLIENT_CLOSED_REQUEST = 499
#: Shorter answers fit into a packet as they are; higher levels save little and take several times as long.
PAYS_FROM, LEVEL = 1_400, 4
#: Statuses of refusals begin here, and those of our own failures.
_WRONG, _OURS = 400, 500
#: What stands for every other method and route: callers may send any.
OTHER = "other"
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_REQUEST_ID = re.compile(rb"[\w.-]{8,64}")
log = structlog.get_logger("bellwether.http")


class BodyLimit:
    """Answers 413 for a request body beyond ``max_bytes``, whether or not it says its length."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        announced = Headers(scope=scope).get("content-length", "0")
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            if announced.isdecimal() and int(announced) > self.max_bytes:
                raise self._too_large()
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.max_bytes:
                raise self._too_large()
            return message

        return await self.app(scope, bounded, send)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"the body is too large; allowed: {self.max_bytes:,} bytes")


class Compression:
    """Compresses long answers for callers that ask for it; others pay nothing for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressing = GZipMiddleware(app, minimum_size=PAYS_FROM, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and "gzip" in Headers(scope=scope).get("accept-encoding", "")
        await (self.compressing if asked else self.app)(scope, receive, send)


class Observed:
    """Around every request: it gets a name, and log, metrics and trace say how it went.

    ``routes`` are told by their names, what is below one that ends with a slash by that one; ``quiet`` ones
    only where they fail. A caller's own ``X-Request-ID`` is kept when it is a plain word, and its
    ``traceparent`` is followed. Nothing else is told of the address, and nothing of headers and bodies.
    """

    def __init__(self, app: ASGIApp, routes: Collection[str], quiet: Collection[str]) -> None:
        self.app = app
        self.routes = frozenset(routes)
        self.folders = tuple(route for route in routes if route.endswith("/"))
        self.quiet = frozenset(quiet)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        method, route = self._place(scope)
        given = _header(scope, b"x-request-id")
        about = Current(given.decode() if _REQUEST_ID.fullmatch(given) else f"{getrandbits(64):016x}")
        about.asked = counted()
        went, began = _Went(about.id, send), time.perf_counter()
        token = request.set(about)
        with self._span(scope, method, route) as span:
            try:
                await self._answer(scope, receive, went)
            finally:
                _tell(span, went.status)
                self._log(method, route, went, time.perf_counter() - began, about)
                request.reset(token)

    def _log(self, method: str, route: str, went: _Went, seconds: float, about: Current) -> None:
        metrics.requested(method, route, went.status, seconds)
        is_quiet = route in self.quiet and went.status < _WRONG
        (log.debug if is_quiet else log.info)(
            "request",
            method=method,
            route=route,
            status=went.status,
            ms=round(seconds * 1000, 1),
            bytes=went.bytes,
            **about.facts(),
        )

    async def _answer(self, scope: Scope, receive: Receive, went: _Went) -> None:
        try:
            await self.app(scope, receive, went.sending)
        except ClientDisconnect:
            pass  # there is nobody to answer
        except Exception:
            log.exception("failed")
            answer = refusal(500, INTERNAL, f"internal error; the server's log has it as {went.request_id}")
            await answer(scope, receive, went.sending)

    def _place(self, scope: Scope) -> tuple[str, str]:
        """The method and the route of a request, of those that there are."""
        path, method = scope["path"], scope["method"]
        if path not in self.routes:
            path = next((folder for folder in self.folders if path.startswith(folder)), OTHER)
        return method if method in _METHODS else OTHER, path

    def _span(self, scope: Scope, method: str, route: str) -> AbstractContextManager[Span]:
        if not tracing.is_on() or route in self.quiet:
            return tracing.NOTHING
        told = {"http.request.method": method, "http.route": route}
        caller = tracing.caller(_header(scope, b"traceparent").decode("latin-1"))
        return tracing.span(f"{method} {route}", told, SpanKind.SERVER, caller)


@dataclass(slots=True)
class _Went:
    """How a request went: the status that was sent, and how many bytes of a body."""

    request_id: str
    send: Send
    status: int = CLIENT_CLOSED_REQUEST
    bytes: int = 0

    async def sending(self, message: Message) -> None:
        """Send a message, with the headers that every response has."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            there = {name for name, _ in headers}
            headers.append((b"x-request-id", self.request_id.encode()))
            headers.extend(each for each in _SECURITY if each[0] not in there)
        else:
            self.bytes += len(message.get("body", b""))
        await self.send(message)


def _header(scope: Scope, wanted: bytes) -> bytes:
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _tell(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= _OURS:
        span.set_status(StatusCode.ERROR)
