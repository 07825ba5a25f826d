"""The short way answers as the long one does, and takes nothing that it should leave to it."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest
import structlog

from models.access import User
from schema.core import media
from tests import factories
from tests.door import Door, door

QUERY = {"query": "query ($id: ID!) { account(id: $id) { name } }"}
PLAIN = {"Accept-Encoding": "identity", "Content-Type": "application/json"}


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada")


@pytest.fixture
def long_way(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes the long way from now on."""
    taken: list[str] = []
    wanted = media.wanted

    def noted(accept: str) -> str | None:
        taken.append("taken")
        return wanted(accept)

    monkeypatch.setattr(media, "wanted", noted)
    return taken


async def posted(client: Door, body: bytes, headers: Mapping[str, str] = PLAIN) -> httpx.Response:
    return await client.client.post("/graphql", content=body, headers=dict(headers))


async def test_both_ways_give_the_same_answer(ada: User) -> None:
    account = await factories.account(ada, name="Nordwind")
    body = httpx.Request("POST", "http://x", json={**QUERY, "variables": {"id": account.id}}).content
    async with door(ada) as client:
        short = await posted(client, body)
        long = await posted(client, body, {**PLAIN, "Content-Type": "application/json; charset=utf-8"})
    assert short.json()["data"] == long.json()["data"] == {"account": {"name": "Nordwind"}}
    assert short.json()["extensions"]["cost"]["points"] == long.json()["extensions"]["cost"]["points"] == 1
    named = {"x-request-id", "date", "ratelimit", "content-length"}
    assert {k: v for k, v in short.headers.items() if k not in named} == {
        k: v for k, v in long.headers.items() if k not in named
    }
    assert len(short.headers["x-request-id"]) == 16


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, b'{"query": "{ me { name } } "'),
        ({}, b"null"),
        ({}, b"\xff\xfe"),
        ({}, b'{"query": "{ nothing }"}'),
        ({}, b'{"query": "{ me { name } portfolio { currency } }"}'),
        ({}, b'{"query": "mutation { __typename }"}'),
        ({}, b'{"query": "{ accounts(first: 900) { totalCount } }"}'),
        ({"Accept-Encoding": "gzip, br"}, b'{"query": "{ me { name } }"}'),
        ({"Origin": "https://app.example.com"}, b'{"query": "{ me { name } }"}'),
        ({"Content-Type": "application/json; charset=utf-8"}, b'{"query": "{ me { name } }"}'),
    ],
)
async def test_what_is_not_plain_or_not_planned_goes_the_long_way(
    ada: User, long_way: list[str], headers: Mapping[str, str], body: bytes
) -> None:
    async with door(ada) as client:
        answer = await posted(client, body, {**PLAIN, **headers})
    assert answer.status_code in (200, 400)
    assert long_way == ["taken"]


async def test_what_is_plain_and_planned_goes_the_short_way(ada: User, long_way: list[str]) -> None:
    async with door(ada) as client:
        answer = await posted(client, b'{"query": "{ me { name } }"}')
        assert answer.json()["data"] == {"me": {"name": "Ada"}}
        with structlog.testing.capture_logs() as lines:
            await posted(client, b'{"query": "{ me { name } }"}', {**PLAIN, "X-Request-ID": "of-a-caller"})
    assert long_way == []
    assert [(line["event"], line["status"]) for line in lines] == [("request", 200)]


async def test_nobody_gets_in_by_the_short_way(ada: User, long_way: list[str]) -> None:
    async with door() as client:
        refused = await posted(client, b'{"query": "{ me { name } }"}')
        forged = await posted(
            client, b'{"query": "{ me { name } }"}', {**PLAIN, "Authorization": "Bearer forged"}
        )
    assert refused.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (forged.status_code, len(long_way)) == (401, 2)
