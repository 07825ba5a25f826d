"""WebSockets: who is let in and for how long, what is no message, how many there are, what is logged."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

import pytest
import structlog.testing

from commands.announcements import ANNOUNCEMENTS, Event, Happened, Topic
from models.access import User
from tests import factories
from tests.door import CONFIG, door, without_engine
from tests.schema.sockets import SECONDS, Said, Socket, as_user, connected, followers, opened

PAGE = "https://app.example.com"
NARROW = {
    "max_subscriptions": 2,
    "max_connections": 2,
    "max_waiting_events": 3,
    "socket_patience": 0.5,
    "cors_origins": PAGE,
}
APP = without_engine(CONFIG.model_copy(update=NARROW).model_dump_json())
FOLLOW = "subscription { riskChanged { change } }"
INIT = {"type": "connection_init"}
PING = {"type": "ping"}


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant())


pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)


def subscribe(query: object = FOLLOW, **payload: object) -> Said:
    return {"id": "1", "type": "subscribe", "payload": {"query": query, **payload}}


async def closed(socket: Socket) -> tuple[int, str]:
    while "closed" not in (heard := await socket.hear()):
        assert heard["type"] in ("connection_ack", "pong"), heard
    return heard["closed"], heard["reason"]


async def told(socket: Socket, message: object) -> Said:
    """The one error by which a subscription is refused."""
    socket.say(message)
    heard = await socket.hear()
    assert heard["type"] == "error", heard
    (error,) = heard["payload"]
    found: Said = error
    return found


async def test_what_is_no_message_closes_the_connection_by_the_protocol(
    ada: User, caplog: pytest.LogCaptureFixture
) -> None:
    init = {**INIT, "payload": as_user(ada)}
    with caplog.at_level(logging.WARNING):
        for code, *said in (
            (4400, "{"),
            (4400, b"bytes"),
            (4400, "[" * 10_000),
            (4400, [init]),
            (4400, None),
            (4400, {"payload": {}}),
            (4400, {"type": ["ping"]}),
            (4400, {"type": "x" * 1_000}),
            (4400, {**INIT, "payload": "a text"}),
            (4401, subscribe()),
            (4429, init, init),
            (4400, init, {**subscribe(), "id": ["1"]}),
            (4400, init, {**subscribe(), "id": None}),
            (4400, init, {"id": "1", "type": "subscribe"}),
            (4400, init, subscribe(7)),
            (4400, init, subscribe(variables=[])),
            (4400, init, subscribe(operationName=1)),
            (4400, init, subscribe('subscription { riskChanged(accountId: "\\u0000") { change } }')),
            (4400, init, {"type": "complete"}),
            (4409, init, subscribe(), subscribe()),
        ):
            async with connected(APP) as socket:
                await socket.hear()
                for message in (PING, *said):
                    socket.say(message)
                assert (await closed(socket))[0] == code, said
        async with connected(APP, protocols=["graphql-ws"]) as socket:
            assert await socket.hear() == {"accepted": None}
            assert (await closed(socket))[0] == 4406
    assert not caplog.records


async def test_who_has_no_good_token_is_not_let_in(ada: User) -> None:
    away = await factories.user(await factories.tenant(), active=False)
    for payload, reason in (
        (None, "send a token: Authorization: Bearer <token>"),
        ({"authorization": "Basic YTpi"}, "the Authorization header does not read: Bearer <token>"),
        ({"authorization": 7}, "authorization is no text"),
        ({"authorization": "Bearer x"}, "the token is malformed or not signed by this server"),
        (as_user(ada, -1), "the token has expired; ask for a new one"),
        (as_user(away), "the token or key names no active user"),
    ):
        async with connected(APP) as socket:
            await socket.hear()
            assert await socket.open(payload) == {"closed": 4403, "reason": reason}
    by_header = {"authorization": as_user(ada)["Authorization"]}
    async with connected(APP, by_header) as socket:
        await socket.hear()
        assert (await socket.open())["type"] == "connection_ack"
    async with connected(APP) as socket:
        await socket.hear()
        assert (await closed(socket))[0] == 4408


async def test_a_token_that_expires_ends_the_connection_at_that_moment(ada: User) -> None:
    async with opened(APP, ada, 2 / 3_600) as socket:
        socket.follow(FOLLOW, "1")
        socket.follow(FOLLOW, "2")
        expired = {"message": "the token has expired; ask for a new one",
                   "extensions": {"code": "UNAUTHENTICATED"}}  # fmt: skip
        for name in ("1", "2"):
            assert await socket.hear() == {"id": name, "type": "error", "payload": [expired]}
        assert await closed(socket) == (4403, expired["message"])
    await followers(ada.tenant_id, 0)


async def test_only_subscriptions_and_within_the_limits_of_documents(ada: User) -> None:
    deep = "{ account { deals { nodes " * 5 + "{ id }" + "}" * 15
    async with opened(APP, ada) as socket:
        for query, code, message in (
            ("{ viewer { id } }", "BAD_REQUEST", "queries are not allowed"),
            ("mutation { evaluate(input: {}) { run { id } } }", "BAD_REQUEST", "mutations are not allowed"),
            ("", "BAD_REQUEST", ""),
            ("subscription {", "GRAPHQL_INVALID", "Syntax Error"),
            ("subscription { riskChanged }", "GRAPHQL_INVALID", "must have a selection of subfields"),
            (
                "subscription { riskChanged { change } recommendationChanged { change } }",
                "GRAPHQL_INVALID",
                "one",
            ),
            (f"subscription {{ riskChanged {{ risk {deep} }} }}", "LIMIT_EXCEEDED", "maxDepth"),
            (f"{FOLLOW} subscription A {FOLLOW[13:]}", "GRAPHQL_INVALID", ""),
        ):
            error = await told(socket, subscribe(query))
            assert error["extensions"]["code"] == code, error
            assert message in error["message"]
        unknown = await told(socket, subscribe(f"subscription A {FOLLOW[13:]}", operationName="B"))
        assert unknown == {"message": 'Unknown operation named "B".', "extensions": {"code": "BAD_REQUEST"}}
        query = "subscription ($id: ID) { riskChanged(accountId: $id) { change } }"
        wrong = await told(socket, subscribe(query, variables={"id": {}}))
        assert wrong["extensions"]["code"] == "GRAPHQL_INVALID"
        socket.say(PING)
        assert await socket.hear() == {"type": "pong"}
    async with door(ada) as by_http:
        answer = await by_http.post(FOLLOW)
    assert answer.status_code == 400
    assert "over a WebSocket" in answer.json()["errors"][0]["message"]


async def test_connections_are_counted_bounded_and_logged(ada: User) -> None:
    bob = await factories.user(await factories.tenant())
    with structlog.testing.capture_logs() as lines:
        async with AsyncExitStack() as stack:
            first, _ = [await stack.enter_async_context(opened(APP, ada)) for _ in range(2)]
            async with connected(APP) as third:
                await third.hear()
                assert (await third.open(as_user(ada)))["closed"] == 4421
            async with opened(APP, bob):
                pass
            first.follow(FOLLOW, "1")
            first.follow(FOLLOW, "2")
            await followers(ada.tenant_id, 2)
            refused = await told(first, {**subscribe(), "id": "3"})
            assert refused["extensions"] == {
                "code": "LIMIT_EXCEEDED", "limit": "maxSubscriptions", "allowed": 2,
            }  # fmt: skip
            first.say({"id": "1", "type": "complete"})
            await followers(ada.tenant_id, 1)
            first.follow(FOLLOW, "1")
            await followers(ada.tenant_id, 2)
        async with opened(APP, ada):
            pass  # there is room again
        for origin, welcome in (
            (PAGE, True),
            ("http://bellwether", True),
            ("https://evil.example.com", False),
        ):
            async with connected(APP, {"origin": origin}) as socket:
                assert ("accepted" in await socket.hear()) == welcome
    ended = [(line["actor"], line["subscriptions"], line["code"]) for line in lines]
    assert ended[:4] == [(ada.id, 0, 4421), (bob.id, 0, 1006), (ada.id, 0, 1006), (ada.id, 3, 1006)]
    assert {line["event"] for line in lines} == {"connection"}
    assert all(
        set(line) == {"event", "log_level", "actor", "seconds", "subscriptions", "code"} for line in lines
    )


async def test_who_takes_it_late_is_told_and_who_takes_nothing_is_left(ada: User) -> None:
    deal = await factories.deal(await factories.account(ada))
    record = (await factories.recommendation(deal)).id
    query = "subscription { recommendationChanged { change } }"

    async def happens(*records: str) -> None:
        await ANNOUNCEMENTS.publish(
            Event(ada.tenant_id, Topic.RECOMMENDATION, deal.account_id, each, Happened.LAPSED)
            for each in records
        )

    async with opened(APP, ada) as late, opened(APP, ada) as never:
        for socket in (late, never):
            socket.follow(query)
        await followers(ada.tenant_id, 2)
        for socket in (late, never):
            socket.takes.clear()
        await happens(record)
        for socket in (late, never):
            await asyncio.wait_for(socket.waits.wait(), SECONDS)  # both are being sent it
        await happens("rec_1", "rec_2", "rec_3", "rec_4")
        late.takes.set()
        assert (await late.event())["change"] == "LAPSED"
        (error,) = (await late.hear())["payload"]
        assert error["extensions"]["code"] == "TOO_SLOW"
        assert await closed(late) == (4420, error["message"])
        await asyncio.wait_for(never.serving, SECONDS)
        await followers(ada.tenant_id, 0)
