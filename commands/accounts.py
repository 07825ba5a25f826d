"""What users do with accounts."""

from __future__ import annotations

from commands.journal import Values, replayed, unit_of_work
from commands.permissions import SELLERS, require
from commands.validation import check_reference, validate
from models.access import Actor, Role, User
from models.accounts import Account
from models.errors import Forbidden, Invalid
from models.visibility import answers_for, find


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Account:
    """Create an account; a director's is the director's own.

    Repeating it with the same ``idempotency_key`` answers with the first account.
    """
    require(actor, SELLERS, "create accounts")
    if earlier := await replayed(actor, idempotency_key):
        return await find(Account, actor, earlier, "idempotencyKey")
    values = {"owner_id": actor.user_id, **values}
    await _check(actor, values)
    async with unit_of_work(actor, "accounts.create", idempotency_key=idempotency_key) as work:
        return await work.create(
            Account(
                id=Account.make_id(),
                tenant_id=actor.tenant_id,
                currency=actor.currency,
                valid_from=work.on,
                **values,
            )
        )


async def update(actor: Actor, account_id: str, version: int, values: Values) -> Account:
    """Change fields of an account that the caller read at ``version``.

    Raises:
        Forbidden: the actor sees the account by a deal on it, and neither owns nor manages it.
    """
    require(actor, SELLERS, "change accounts")
    account = await find(Account, actor, account_id, "id")
    if not answers_for(account, actor):
        raise Forbidden("an account is changed by its owner and the managers above", ["id"])
    await _check(actor, values)
    await _check_tree(account, values)
    async with unit_of_work(actor, "accounts.update") as work:
        return await work.update(account, values, version)


async def _check(actor: Actor, values: Values) -> None:
    validate(Account, values)
    owner = values.get("owner_id")
    await check_reference(actor, User, owner, "ownerId")
    await check_reference(actor, Account, values.get("parent_id"), "parentId")
    if owner and actor.role in (Role.DIRECTOR, Role.MANAGER) and owner not in (actor.owners or ()):
        raise Forbidden("an account can only be given to somebody in your own team", ["ownerId"])


async def _check_tree(account: Account, values: Values) -> None:
    """Refuse a parent that is the account itself or one of its subsidiaries."""
    above = values.get("parent_id")
    while above is not None:
        if above == account.id:
            raise Invalid("an account cannot be above itself in the tree", ["parentId"])
        parent = await Account.get_or_none(id=str(above), tenant_id=account.tenant_id)
        above = parent.parent_id if parent else None
