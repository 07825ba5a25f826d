"""Sending the bodies of responses: long ones bit by bit, so that others are answered meanwhile."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: Bytes that are sent, or compressed, in one go.
SLICE = 1 << 16


class Sliced(Response):
    """A response whose body may be long."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send_body(send, bytes(self.body))


async def send_body(send: Send, body: bytes) -> None:
    """Send the whole body of a response."""
    rest = max(len(body) - 1, 0) // SLICE * SLICE
    for start in range(0, rest, SLICE):
        part = body[start : start + SLICE]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": body[rest:] if rest else body})
