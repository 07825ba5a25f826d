"""WebSockets as tests use them: the application's own scope, without a network between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import ASGIApp, Message

from commands import actors
from commands.announcements import ANNOUNCEMENTS, InProcess
from models.access import Tenant, User
from schema.core import tokens
from tests.door import CONFIG

#: So long something that must come is waited for.
SECONDS = 30
PROTOCOL = "graphql-transport-ws"
Said = Mapping[str, Any]


@dataclass
class Socket:
    """The client's end of a connection."""

    to_server: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    to_client: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    #: Whether the client takes what it is sent.
    takes: asyncio.Event = field(default_factory=asyncio.Event)
    #: Whether it was sent something that it did not take.
    waits: asyncio.Event = field(default_factory=asyncio.Event)
    #: The server's end, as long as it is there.
    serving: asyncio.Task[None] = field(init=False)

    async def send(self, message: Message) -> None:
        """The server sends something."""
        if not self.takes.is_set():
            self.waits.set()
        await self.takes.wait()
        self.to_client.put_nowait(message)
        if message["type"] == "websocket.close":
            self.to_server.put_nowait({"type": "websocket.disconnect", "code": message["code"]})

    def say(self, message: object) -> None:
        """Say something; a text or bytes as they are, anything else as JSON."""
        kind = "bytes" if isinstance(message, bytes) else "text"
        said = message if isinstance(message, str | bytes) else orjson.dumps(message).decode()
        self.to_server.put_nowait({"type": "websocket.receive", kind: said})

    async def hear(self) -> Said:
        """The next message; the end is told as ``closed`` with its code, and the ``reason``."""
        message = await asyncio.wait_for(self.to_client.get(), SECONDS)
        if message["type"] == "websocket.close":
            return {"closed": message["code"], "reason": message.get("reason")}
        if message["type"] == "websocket.accept":
            return {"accepted": message.get("subprotocol")}
        heard: Said = orjson.loads(message["text"])
        return heard

    async def event(self) -> Said:
        """The data of the next event, which has no errors."""
        heard = await self.hear()
        assert heard.get("type") == "next", heard
        assert "errors" not in heard["payload"], heard
        (data,) = heard["payload"]["data"].values()
        found: Said = data
        return found

    async def open(self, payload: object = None) -> Said:
        """Begin, and what is answered."""
        self.say({"type": "connection_init", "payload": payload})
        return await self.hear()

    def follow(self, query: str, name: str = "1", **variables: object) -> None:
        """Subscribe."""
        self.say(
            {"id": name, "type": "subscribe", "payload": {"query": query, "variables": variables}},
        )


@asynccontextmanager
async def connected(
    app: ASGIApp, headers: Mapping[str, str] | None = None, protocols: Sequence[str] = (PROTOCOL,)
) -> AsyncIterator[Socket]:
    """A connection on which nothing was said; it ends without a word, and what fails on it fails here."""
    actors.forget()  # tests write users without a command
    socket = Socket()
    socket.takes.set()
    given = {"host": "bellwether", **(headers or {})}
    scope: dict[str, object] = {
        "type": "websocket",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "subprotocols": list(protocols),
    }
    socket.to_server.put_nowait({"type": "websocket.connect"})
    socket.serving = asyncio.create_task(_serve(app, scope, socket))
    try:
        yield socket
    finally:
        socket.takes.set()
        socket.to_server.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await asyncio.wait_for(socket.serving, SECONDS)


async def _serve(app: ASGIApp, scope: dict[str, object], socket: Socket) -> None:
    await app(scope, socket.to_server.get, socket.send)


@asynccontextmanager
async def opened(app: ASGIApp, user: User, hours: float = 1) -> AsyncIterator[Socket]:
    """A connection of a user who was let in."""
    async with connected(app) as socket:
        assert await socket.hear() == {"accepted": PROTOCOL}
        assert (await socket.open(as_user(user, hours)))["type"] == "connection_ack"
        yield socket


def as_user(user: User, hours: float = 1) -> Said:
    """What a client says of itself when it begins."""
    return {"Authorization": f"Bearer {tokens.issue(user, hours, CONFIG.secret)}"}


async def followers(tenant: Tenant | str, number: int) -> None:
    """Wait until a tenant has so many followers."""
    assert isinstance(ANNOUNCEMENTS, InProcess)
    tenant_id = tenant if isinstance(tenant, str) else tenant.id
    async with asyncio.timeout(SECONDS):
        while ANNOUNCEMENTS.followers(tenant_id) != number:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)
