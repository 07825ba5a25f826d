"""Two people at the same record at the same moment: one wins, the other is told, and nothing is lost."""

from __future__ import annotations

import asyncio

from models.accounts import Account
from models.history import Change
from tests import factories
from tests.door import Payload, door

WRITERS = 6
SEEN = "account { id version name }"


def codes(payload: Payload) -> list[str]:
    errors = payload["errors"]
    assert isinstance(errors, list)
    return [error["code"] for error in errors]


async def test_of_two_writers_with_the_same_version_one_gets_the_others_state(db: str) -> None:
    ada = await factories.user(await factories.tenant())
    account = await factories.account(ada, segment="Retail")
    async with door(ada) as one, door(ada) as two:
        first, second = await asyncio.gather(
            one.do("updateAccount", SEEN, {"id": account.id, "version": 1, "name": "A"}),
            two.do("updateAccount", SEEN, {"id": account.id, "version": 1, "name": "B"}),
        )
    winner, loser = (first, second) if not first["errors"] else (second, first)
    assert codes(loser) == ["CONFLICT"]
    assert loser["account"] == winner["account"]
    stands = await Account.get(id=account.id)
    assert winner["account"] == {"id": account.id, "version": 2, "name": stands.name}
    assert await Change.filter(entity_id=account.id, field="name").count() == 1


async def test_writers_who_read_again_after_a_conflict_all_get_through(db: str) -> None:
    ada = await factories.user(await factories.tenant())
    account = await factories.account(ada, employees=0)

    async def count_one_up() -> None:
        async with door(ada) as client:
            seen: Payload = {"version": 1, "employees": 0}
            while True:
                more = int(str(seen["employees"])) + 1
                given: Payload = {"id": account.id, "version": seen["version"], "employees": more}
                payload = await client.do("updateAccount", "account { version employees }", given)
                if not payload["errors"]:
                    return
                assert codes(payload) == ["CONFLICT"]
                assert isinstance(payload["account"], dict)
                seen = payload["account"]

    await asyncio.gather(*(count_one_up() for _ in range(WRITERS)))
    stands = await Account.get(id=account.id)
    assert (stands.employees, stands.version) == (WRITERS, WRITERS + 1)
    changes = await Change.filter(entity_id=account.id, field="employees")
    assert sorted((change.old, change.new) for change in changes) == sorted(
        (str(n), str(n + 1)) for n in range(WRITERS)
    )


async def test_the_same_key_at_the_same_moment_makes_one_object(db: str) -> None:
    ada = await factories.user(await factories.tenant())

    async def create() -> Payload:
        async with door(ada) as client:
            given = {"name": "Nordwind", "idempotencyKey": "one"}
            return await client.do("createAccount", "account { id }", given)

    payloads = await asyncio.gather(*(create() for _ in range(4)))
    account = await Account.get(name="Nordwind")
    for payload in payloads:
        assert payload["account"] == {"id": account.id} or codes(payload) == ["CONFLICT"]


async def test_whoever_goes_away_at_any_moment_leaves_nothing_half_written_and_nobody_stuck(
    db: str,
) -> None:
    ada = await factories.user(await factories.tenant())
    async with door(ada) as client:
        for moment in range(60):
            given = {"name": f"Nordwind {moment}"}
            asking = asyncio.create_task(client.do("createAccount", "account { id }", given))
            for _ in range(moment):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            async with asyncio.timeout(30):  # who waits for the writers' connection sees what they came to
                created = await Change.filter(field="created").count()
                known = await client.ask("{ accounts { totalCount } }")
            assert known == {"accounts": {"totalCount": created}}
