"""What users do with the people at their customers."""

from __future__ import annotations

from commands.journal import Repeat, Values, once, unit_of_work
from commands.permissions import SELL, require
from commands.validation import check_reference, validate
from models.access import Actor
from models.accounts import Account
from models.people import Contact
from models.visibility import find


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Contact:
    """Create a contact at an account (``account_id``)."""
    require(actor, SELL, "create contacts")
    repeat = Repeat.of(actor, "people.create", idempotency_key, values)

    async def make() -> Contact:
        validate(Contact, values)
        await check_reference(actor, Account, str(values["account_id"]), "accountId")
        async with unit_of_work(actor, "people.create", repeat=repeat) as work:
            return await work.create(
                Contact(id=Contact.make_id(), tenant_id=actor.tenant_id, valid_from=work.on, **values)
            )

    return await once(actor, Contact, repeat, make)


async def update(actor: Actor, contact_id: str, version: int, values: Values) -> Contact:
    """Change fields of a contact that the caller read at ``version``."""
    require(actor, SELL, "change contacts")
    contact = await find(Contact, actor, contact_id, "id")
    validate(Contact, values)
    async with unit_of_work(actor, "people.update") as work:
        return await work.update(contact, values, version)
