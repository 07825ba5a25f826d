"""What users do with accounts."""

from __future__ import annotations

from commands.journal import Repeat, Values, once, unit_of_work
from commands.permissions import SELL, check_owner, require
from commands.validation import check_reference, validate
from models.access import Actor, Tenant
from models.accounts import Account
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
    account = await find(Account, actor, account_id, "id")
    if not answers_for(account.owner_id, actor):
        raise Forbidden("an account is changed by its owner and the managers above", ["id"])
    await _check(actor, values)
    async with unit_of_work(actor, "accounts.update") as work:
        if values.get("parent_id"):
            await _check_tree(account, str(values["parent_id"]))
        return await work.update(account, values, version)


async def _check(actor: Actor, values: Values) -> None:
    validate(Account, values)
    await check_owner(actor, values)
    await check_reference(actor, Account, values.get("parent_id"), "parentId")


async def _check_tree(account: Account, parent_id: str) -> None:
    """Refuse a parent that is the account itself or one of its subsidiaries; one check at a time."""
    await Tenant.filter(id=account.tenant_id).select_for_update()
    above: str | None = parent_id
    while above is not None:
        if above == account.id:
            raise Invalid("an account cannot be above itself in the tree", ["parentId"])
        parent = await Account.get_or_none(id=above, tenant_id=account.tenant_id)
        above = parent.parent_id if parent else None
