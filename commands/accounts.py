"""What users do with accounts."""

from __future__ import annotations

from collections.abc import Mapping

from commands.journal import Repeat, Values, once, unit_of_work
from commands.permissions import SELL, check_owner, require
from commands.validation import check_reference, validate
from models.access import Actor, Tenant
from models.accounts import Account
from models.database import fetch
from models.errors import Forbidden, Invalid
from models.visibility import answers_for, find


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Account:
    """Create an account; a director's or manager's is their own unless ``values`` says otherwise.

    Repeating it with the same ``idempotency_key`` answers with the first account.
    """
    require(actor, SELL, "create accounts")
    repeat = Repeat.of(actor, "accounts.create", idempotency_key, values)
    values = {"owner_id": actor.principal_id if actor.owners else None, **values}

    async def make() -> Account:
        await _check(actor, values)
        async with unit_of_work(actor, "accounts.create", repeat=repeat) as work:
            return await work.create(
                Account(
                    id=Account.make_id(),
                    tenant_id=actor.tenant_id,
                    currency=actor.currency,
                    valid_from=work.on,
                    **values,
                )
            )

    return await once(actor, Account, repeat, make)


async def update(actor: Actor, account_id: str, version: int, values: Values) -> Account:
    """Change fields of an account that the caller read at ``version``.

    Raises:
        Forbidden: the actor sees the account by a deal on it, and neither owns nor manages it.
    """
    require(actor, SELL, "change accounts")
    account = await in_care(actor, account_id, "id", "changed")
    await _check(actor, values)
    async with unit_of_work(actor, "accounts.update") as work:
        if values.get("parent_id"):
            await hold_tree(actor.tenant_id)
            if account.id in await above(actor.tenant_id, str(values["parent_id"])):
                raise Invalid("an account cannot be above itself in the tree", ["parentId"])
        return await work.update(account, values, version)


async def in_care(actor: Actor, account_id: str, path: str, done: str) -> Account:
    """The account with this id, if the actor owns or manages it; ``done`` is what is done to accounts.

    Raises:
        NotFound: there is none that the actor sees.
        Forbidden: the actor sees it by a deal on it alone.
    """
    account = await find(Account, actor, account_id, path)
    if not answers_for(account.owner_id, actor):
        raise Forbidden(f"an account is {done} by its owner and the managers above", [path])
    return account


async def _check(actor: Actor, values: Values) -> None:
    validate(Account, values)
    await check_owner(actor, values)
    await check_reference(actor, Account, values.get("parent_id"), "parentId")


async def hold_tree(tenant_id: str) -> None:
    """Have whoever else moves, merges or judges accounts wait for the end of the transaction."""
    await Tenant.filter(id=tenant_id).select_for_update(no_key=True).get()


async def held(actor: Actor, account_ids: Mapping[str, str]) -> list[Account]:
    """Accounts, by the place where their ids are given, to which nobody else writes until the end.

    Whoever else moves, merges or judges accounts waits, too.

    Raises:
        NotFound: one of them is none that the actor sees.
    """
    await hold_tree(actor.tenant_id)
    locked = Account.filter(tenant_id=actor.tenant_id, id__in=[*account_ids.values()]).order_by("id")
    known = {account.id: account for account in await locked.select_for_update()}
    return [known.get(each) or await find(Account, actor, each, path) for path, each in account_ids.items()]


async def above(tenant_id: str, account_id: str) -> frozenset[str]:
    """The ids of an account and of all accounts above it."""
    rows = await fetch(
        "with recursive above(id) as (select cast(:account as varchar(40)) union select t.parent_id"
        " from account t join above a on t.id = a.id where t.tenant_id = :tenant"
        " and t.parent_id is not null) select id from above",
        {"account": account_id, "tenant": tenant_id},
    )
    return frozenset(str(row["id"]) for row in rows)
