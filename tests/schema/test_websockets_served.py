"""WebSockets over a network: clients that vanish, stop reading or say too much, and the server's end."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cli import serving
from commands.announcements import ANNOUNCEMENTS, Event, Happened, Topic
from models.access import User
from models.recommendations import Recommendation
from tests import factories
from tests.door import CONFIG, application
from tests.schema.sockets import PROTOCOL, SECONDS, Said, as_user, followers

#: So much that a few events fill what lies between server and client.
TEXTS = " ".join(f"b{number}: because" for number in range(25))
FOLLOW = f"subscription {{ recommendationChanged {{ change recommendation {{ {TEXTS} }} }} }}"
SMALL = 8_192
BOUNDS = {"max_waiting_events": 3, "socket_patience": 1, "max_body_bytes": 10_000}


@asynccontextmanager
async def served() -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """A server on a port of its own that sends in small pieces, and where it is."""
    config = CONFIG.model_copy(update=BOUNDS)
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    app = application(config=config)
    running = serving.configured(lambda: app, "127.0.0.1", 0, config)
    running.lifespan = "off"  # the test has the database
    server = uvicorn.Server(running)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield server, f"ws://127.0.0.1:{listening.getsockname()[1]}/graphql"
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, SECONDS)


@dataclass
class Client:
    """A client that is subscribed."""

    connection: ClientConnection

    async def hear(self) -> Said:
        heard: Said = orjson.loads(await asyncio.wait_for(self.connection.recv(), SECONDS))
        return heard

    async def end(self) -> tuple[list[Said], int | None]:
        """All that is still heard, and the code of the end."""
        heard = []
        try:
            while True:
                heard.append(await self.hear())
        except ConnectionClosed as closed:
            return heard, closed.rcvd.code if closed.rcvd else None


async def following(url: str, user: User) -> Client:
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    narrow.connect(("127.0.0.1", int(url.rsplit(":")[-1].split("/")[0])))
    narrow.setblocking(False)
    connection = await connect(url, subprotocols=[Subprotocol(PROTOCOL)], sock=narrow, max_queue=1)
    client = Client(connection)
    await connection.send(orjson.dumps({"type": "connection_init", "payload": as_user(user)}).decode())
    assert (await client.hear())["type"] == "connection_ack"
    subscribe = {"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}
    await connection.send(orjson.dumps(subscribe).decode())
    return client


async def refresh(record: Recommendation) -> None:
    """Have something happen to a recommendation."""
    topic, what = Topic.RECOMMENDATION, Happened.REFRESHED
    await ANNOUNCEMENTS.publish([Event(record.tenant_id, topic, record.account_id, record.id, what)])


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_clients_that_vanish_or_stop_reading_leave_nothing_behind(
    db: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serving, "CLOSING_SECONDS", 0.2)
    ada = await factories.user(await factories.tenant())
    account = await factories.account(ada)
    records = [
        await factories.recommendation(await factories.deal(account), because="x" * 1_000) for _ in range(5)
    ]
    with caplog.at_level(logging.ERROR):
        async with served() as (server, url):
            quick, late, never, vanishing, talking = [await following(url, ada) for _ in range(5)]
            await followers(ada.tenant_id, 5)
            vanishing.connection.transport.abort()
            await talking.connection.send("x" * 20_000)
            assert (await talking.end())[1] == 1009
            await followers(ada.tenant_id, 3)

            for number in range(20):
                await refresh(records[number % len(records)])
                assert (await quick.hear())["type"] == "next"
            heard, code = await late.end()
            assert code == 4420
            assert heard[-1]["payload"][0]["extensions"]["code"] == "TOO_SLOW"
            assert 1 < len(heard) < 20
            await followers(ada.tenant_id, 1)  # who never reads is gone, too
            async with asyncio.timeout(SECONDS):
                while len(server.server_state.connections) > 1:  # noqa: ASYNC110 - nobody tells of it
                    await asyncio.sleep(0.01)
        assert await quick.end() == ([], 1012)
        await followers(ada.tenant_id, 0)
    assert not caplog.records
    never.connection.transport.abort()
