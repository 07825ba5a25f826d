"""Around every request: its size is bounded, it gets an id, and one log line says how it went."""

from __future__ import annotations

import logging
import re
import sys
import time
from random import getrandbits

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import EventDict

from schema.core.current import Current, current, request
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


class RequestLog:
    """Names each request, in every log line about it and in its response, and logs how it ended.

    A caller's own ``X-Request-ID`` is kept when it is a plain word. Headers and bodies are not logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode() if _REQUEST_ID.fullmatch(given) else f"{getrandbits(64):016x}"
        began, status = time.perf_counter(), CLIENT_CLOSED_REQUEST

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                there = {name for name, _ in headers}
                headers.append((b"x-request-id", request_id.encode()))
                headers.extend(each for each in _SECURITY if each[0] not in there)
            await send(message)

        about = Current(request_id)
        token = request.set(about)
        try:
            await self.app(scope, receive, named)
        except ClientDisconnect:
            pass  # there is nobody to answer
        except Exception:
            log.exception("failed", method=scope["method"], path=scope["path"])
            answer = refusal(500, INTERNAL, f"internal error; the server's log has it as {request_id}")
            await answer(scope, receive, named)
        finally:
            took = round((time.perf_counter() - began) * 1000, 1)
            log.info(
                "request", method=scope["method"], path=scope["path"], status=status, ms=took, **about.facts()
            )
            request.reset(token)


def _of_request(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the id of the request that a line is about."""
    if request_id := current().id:
        event["request_id"] = request_id
    return event


def configure_logging(level: str) -> None:
    """Write every log line, ours and the libraries', to standard error as one JSON object."""
    shared: list[structlog.typing.Processor] = [
        _of_request,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It logs each WebSocket with address and query string; ours logs what it came to.
    logging.getLogger("uvicorn.error").addFilter(lambda record: '"WebSocket ' not in str(record.msg))
    for talker in ("aiosqlite", "asyncpg", "tortoise"):  # below INFO they tell every value of a statement
        logging.getLogger(talker).setLevel(max(logging.INFO, logging.getLogger().level))
    # It logs every mistake in a query with a traceback; our own error policy logs what is a bug.
    logging.getLogger("strawberry.execution").setLevel(logging.CRITICAL)
