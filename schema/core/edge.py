"""The short way: queries that a plan answers whole are answered before anything else looks at the request.

What lies behind looks after pages of other origins, compression, long bodies, other routes and errors. Where
a request has nothing to do with any of these, going through all of it would cost more than a small query.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.core.endpoint import Endpoint


class Edge:
    """Answers what it can of POST requests to ``path``; everything else goes on as it came."""

    def __init__(self, app: ASGIApp, endpoint: Endpoint, path: str, max_bytes: int) -> None:
        self.app = app
        self.endpoint = endpoint
        self.path = path
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._is_plain(scope):
            return await self.app(scope, receive, send)
        message = await receive()
        body = None
        if message["type"] == "http.request" and not message.get("more_body"):
            authorization = dict(scope["headers"]).get(b"authorization", b"")
            body = await self.endpoint.answered_by_plan(message["body"], authorization)
        if body is None:
            return await self.app(scope, _again(message, receive), send)
        return await _respond(send, body)

    def _is_plain(self, scope: Scope) -> bool:
        """Whether it posts JSON of a length that is said and allowed, from no page, and wants it as it is."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != self.path:
            return False
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        return (
            len(headers) == len(scope["headers"])
            and headers.get(b"content-type") == b"application/json"
            and length.isdigit()
            and int(length) <= self.max_bytes
            and b"origin" not in headers
            and b"gzip" not in headers.get(b"accept-encoding", b"")
        )


async def _respond(send: Send, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-length", length), (b"content-type", b"application/json"), (b"vary", b"Origin")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _again(message: Message, receive: Receive) -> Receive:
    """Receives a message that was received already, and then what comes."""
    waiting = [message]

    async def received() -> Message:
        return waiting.pop() if waiting else await receive()

    return received
