"""Accounts under several hands at once: made once, a tree that stays one, owners who can own."""

from __future__ import annotations

import asyncio

import pytest

from commands import accounts
from commands.journal import unit_of_work
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.errors import BellwetherError, Conflict, Forbidden, Invalid, NotFound
from tests import factories


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> Actor:
    return await factories.actor(await factories.user(tenant))


async def test_the_same_asked_at_once_is_made_once(ada: Actor) -> None:
    made = await asyncio.gather(
        *(accounts.create(ada, {"name": "Nordwind"}, idempotency_key="k") for _ in range(8))
    )
    assert len({account.id for account in made}) == 1
    assert await Account.all().count() == 1


async def test_a_key_is_the_callers_own(tenant: Tenant, ada: Actor) -> None:
    bo = await factories.actor(await factories.user(tenant))
    hers, his = [
        await accounts.create(actor, {"name": "Nordwind"}, idempotency_key="k") for actor in (ada, bo)
    ]
    assert hers.id != his.id
    with pytest.raises(Invalid, match="something else was asked with this key"):
        await accounts.create(ada, {"name": "Suedwind"}, idempotency_key="k")


async def test_two_accounts_cannot_be_put_above_each_other_at_once(ada: Actor) -> None:
    one, two = [await accounts.create(ada, {"name": name}) for name in ("One", "Two")]
    done = await asyncio.gather(
        accounts.update(ada, one.id, 1, {"parent_id": two.id}),
        accounts.update(ada, two.id, 1, {"parent_id": one.id}),
        return_exceptions=True,
    )
    (refused,) = [each for each in done if isinstance(each, BaseException)]
    assert isinstance(refused, Invalid)
    assert "above itself" in refused.message


async def test_only_somebody_active_can_own(tenant: Tenant, ada: Actor) -> None:
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    gone = await factories.user(tenant, active=False)
    account = await accounts.create(ada, {"name": "Nordwind"})

    async def give(actor: Actor, owner_id: str | None) -> type[BellwetherError] | None:
        try:
            await accounts.update(actor, account.id, 1, {"owner_id": owner_id})
        except BellwetherError as error:
            return type(error)
        return None

    assert await give(admin, gone.id) is NotFound
    assert await give(ada, None) is Forbidden
    assert await give(admin, None) is None


async def test_an_integration_owns_nothing_that_it_creates(tenant: Tenant) -> None:
    integration = await factories.user(tenant, Role.INTEGRATION)
    account = await accounts.create(await factories.actor(integration), {"name": "Nordwind"})
    assert account.owner_id is None
    assert await User.get(id=integration.id)


@pytest.mark.parametrize("sight", ["kept", "lost"])
async def test_a_conflict_shows_the_record_only_to_who_still_sees_it(db: str, sight: str) -> None:
    tenant = await factories.tenant()
    ada, bob = await factories.user(tenant), await factories.user(tenant)
    read = await factories.account(ada)
    await Account.filter(id=read.id).update(owner_id=(ada if sight == "kept" else bob).id, version=2)
    with pytest.raises(Conflict) as told:
        async with unit_of_work(await factories.actor(ada), "accounts.update") as work:
            await work.update(read, {"name": "A"})
    assert told.value.current == (await Account.get(id=read.id) if sight == "kept" else None)
