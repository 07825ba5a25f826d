"""The short way: queries that a plan answers whole are answered before anything else looks at the request.

What lies behind looks after pages of other origins, compression, long bodies, other routes and errors. Where
a request has nothing to do with any of these, going through all of it would cost more than a small query.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.core import media
from schema.core.answering import Answer
from schema.core.credentials import ON_BEHALF_OF
from schema.core.endpoint import Endpoint
from schema.core.refusals import NOT_KEPT
from schema.core.sending import send_body

#: Digits that no length of a body has.
LONGEST_NUMBER = 12
_PLAIN_FORMS = (b"*/*", media.JSON.encode())
_HEADERS = [
    (b"content-type", f"{media.JSON}; charset=utf-8".encode()),
    *((name.lower().encode(), value.encode()) for name, value in NOT_KEPT.items()),
    (b"vary", b"Origin"),
]


class Edge:
    """Answers what it can of POST requests to ``path``; everything else goes on as it came."""

    def __init__(self, app: ASGIApp, endpoint: Endpoint, path: str, max_bytes: int) -> None:
        self.app = app
        self.endpoint = endpoint
        self.path = path
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != self.path:
            return await self.app(scope, receive, send)
        headers = dict(scope["headers"])
        if len(headers) != len(scope["headers"]) or not self._are_plain(headers):
            return await self.app(scope, receive, send)
        message = await receive()
        body, answer = message.get("body", b""), None
        if len(body) == int(headers[b"content-length"]):  # and not a part of it
            answer = await self.endpoint.answered_by_plan(body, _credentials(headers))
        if answer is None:
            return await self.app(scope, _again(message, receive), send)
        return await _respond(send, answer)

    def _are_plain(self, headers: dict[bytes, bytes]) -> bool:
        """Whether it is JSON of a length that is said and allowed, from no page, and wanted as it is."""
        length = headers.get(b"content-length", b"")
        return (
            headers.get(b"content-type") == b"application/json"
            and length.isdigit()
            and len(length) < LONGEST_NUMBER
            and int(length) <= self.max_bytes
            and b"origin" not in headers
            and b"gzip" not in headers.get(b"accept-encoding", b"")
            and headers.get(b"accept", b"*/*") in _PLAIN_FORMS
        )


def _credentials(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """The headers that say who is asking."""
    return {
        name: headers[name.encode()].decode("latin-1")
        for name in ("authorization", ON_BEHALF_OF)
        if name.encode() in headers
    }


async def _respond(send: Send, answer: Answer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode()), *_HEADERS]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.allowance.headers().items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send_body(send, answer.body)


def _again(message: Message, receive: Receive) -> Receive:
    """Receives a message that was received already, and then what comes."""
    waiting = [message]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
