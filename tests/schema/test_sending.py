"""Long answers are sent bit by bit, and arrive whole."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from schema.core.sending import SLICE, send_body
from tests import factories
from tests.door import door

#: Accounts whose answer takes more than a slice.
MANY = 200


@pytest.mark.parametrize("size", [0, 1, SLICE - 1, SLICE, SLICE + 1, 3 * SLICE, 3 * SLICE + 7])
async def test_a_body_arrives_whole_and_others_come_between(size: int) -> None:
    body = bytes(number % 251 for number in range(size))
    sent: list[Message] = []
    turns = 0

    async def send(message: Message) -> None:
        sent.append(message)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    await send_body(send, body)
    other.cancel()
    assert b"".join(message["body"] for message in sent) == body
    assert [message.get("more_body", False) for message in sent] == [True] * (len(sent) - 1) + [False]
    assert all(len(message["body"]) <= SLICE for message in sent)
    assert turns >= len(sent) - 1


@pytest.mark.parametrize(
    "query",
    [
        "{ accounts(first: 200) { nodes { id name a: name b: name } } }",
        "{ accounts(first: 200) { nodes { id name a: name b: name usage { month } } } }",
    ],
)
async def test_a_long_answer_is_the_same_compressed_and_as_it_is(db: str, query: str) -> None:
    ada = await factories.user(await factories.tenant(), name="Ada")
    for number in range(MANY):
        await factories.account(ada, name=f"{number:04} " + "Nordwind " * 20)
    async with door(ada) as client:
        plain, packed = [
            await client.client.post("/graphql", json={"query": query}, headers={"Accept-Encoding": coding})
            for coding in ("identity", "gzip")
        ]
    assert len(plain.content) == int(plain.headers["content-length"]) > SLICE
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.json()["data"] == packed.json()["data"]
    assert len(plain.json()["data"]["accounts"]["nodes"]) == MANY
