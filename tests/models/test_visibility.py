"""Who sees what: the same answer for every model, whoever asks, and never across tenants."""

from __future__ import annotations

import random
from datetime import date

import pytest

from commands import accounts
from models.access import Actor, Role, Team, User
from models.accounts import Account
from models.base import Record
from models.deals import Deal
from models.errors import Forbidden
from models.people import Contact, Interaction
from models.revenue import Contract
from models.services import Service, UsageMonth
from models.signals import Signal
from models.tickets import Ticket
from models.visibility import sees
from tests import factories

OF_ALL: tuple[type[Record], ...] = (
    Account,
    Contact,
    Contract,
    Service,
    Signal,
    Interaction,
    Ticket,
    UsageMonth,
    Deal,
)


async def _furnish(account: Account) -> None:
    await factories.contact(account)
    await factories.contract(account)
    await factories.service(account)
    await factories.signal(account)
    await factories.interaction(account)
    await factories.ticket(account)
    await factories.usage(account, date(2026, 1, 1), 5)
    await factories.deal(account)


async def _seen(actor: Actor, model: type[Record]) -> set[str]:
    return {row.id for row in await model.all() if await sees(model, actor, row.id)}


async def test_a_deal_on_a_foreign_account_opens_the_account_and_its_people_but_not_its_revenue(
    db: str,
) -> None:
    tenant = await factories.tenant()
    owner, colleague = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(owner)
    await _furnish(account)
    shared = await factories.deal(account, owner_id=colleague.id)
    whole, part = await factories.actor(owner), await factories.actor(colleague)
    for model in OF_ALL:
        assert len(await _seen(whole, model)) == await model.all().count()
    assert await _seen(part, Deal) == {shared.id}
    assert {model for model in OF_ALL if await _seen(part, model)} == {
        Account, Contact, Signal, Interaction, Deal,
    }  # fmt: skip


async def test_a_manager_sees_the_whole_tree_below_and_nothing_beside_it(db: str) -> None:
    tenant = await factories.tenant()
    top = await factories.team(tenant)
    middle = await factories.team(tenant, parent_id=top.id)
    leaf = await factories.team(tenant, parent_id=middle.id)
    beside = await factories.team(tenant, parent_id=top.id)
    accounts: dict[str, str] = {}
    for team in (top, middle, leaf, beside):
        director = await factories.user(tenant, team_id=team.id)
        accounts[team.id] = (await factories.account(director)).id
    expected = {
        top.id: {top.id, middle.id, leaf.id, beside.id},
        middle.id: {middle.id, leaf.id},
        leaf.id: {leaf.id},
    }
    for team_id, below in expected.items():
        manager = await factories.user(tenant, Role.MANAGER, team_id=team_id)
        seen = await _seen(await factories.actor(manager), Account)
        assert seen == {accounts[team] for team in below}


async def _random_users(rng: random.Random) -> list[User]:
    """Users of every role in random places of the team trees of two tenants."""
    users: list[User] = []
    for _ in range(2):
        tenant = await factories.tenant()
        teams: list[Team] = []
        for _ in range(4):
            parent = rng.choice([None, *teams])
            teams.append(await factories.team(tenant, parent_id=parent.id if parent else None))
        users += [await factories.user(tenant, role, team_id=rng.choice(teams).id) for role in [*Role, *Role]]
    return users


async def test_nobody_ever_sees_another_tenant_and_scope_only_grows_with_role(db: str) -> None:
    rng = random.Random(11)
    users = await _random_users(rng)
    for user in users:
        if user.role == Role.DIRECTOR:
            await _furnish(await factories.account(user))
            other = rng.choice([u for u in users if u.tenant_id == user.tenant_id])
            await factories.deal(await factories.account(other), owner_id=user.id)
    for user in users:
        actor = await factories.actor(user)
        for model in OF_ALL:
            rows = {row.id: row for row in await model.all()}
            seen = await _seen(actor, model)
            assert all(getattr(rows[row_id], "tenant_id") == user.tenant_id for row_id in seen)  # noqa: B009
            if user.role in (Role.ADMIN, Role.INTEGRATION):
                own = {row.id for row in rows.values() if getattr(row, "tenant_id") == user.tenant_id}  # noqa: B009
                assert seen == own


async def test_whoever_has_a_deal_on_an_account_cannot_take_it_over(db: str) -> None:
    tenant = await factories.tenant()
    owner, colleague = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(owner)
    await factories.deal(account, owner_id=colleague.id)
    with pytest.raises(Forbidden, match="changed by its owner"):
        await accounts.update(
            await factories.actor(colleague), account.id, account.version, {"owner_id": colleague.id}
        )
    assert (await Account.get(id=account.id)).owner_id == owner.id
