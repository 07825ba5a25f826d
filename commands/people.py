"""What users do with the people at their customers."""

from __future__ import annotations

from collections.abc import Iterable

from commands.journal import BATCH, Repeat, Values, once, unit_of_work
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
    """Change fields of a contact that the caller read at ``version``.

    Raises:
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "change contacts")
    contact = await find(Contact, actor, contact_id, "id")
    contact.check_kept()
    validate(Contact, values)
    async with unit_of_work(actor, "people.update") as work:
        return await work.update(contact, values, version)


async def erased_among(tenant_id: str, contact_ids: Iterable[str]) -> set[str]:
    """Those of the contacts whose data was erased: nothing more is written about them."""
    wanted, found = sorted(set(contact_ids)), set[str]()
    for start in range(0, len(wanted), BATCH):
        part = Contact.filter(
            tenant_id=tenant_id, id__in=wanted[start : start + BATCH], erased_at__not_isnull=True
        )
        found |= {contact.id for contact in await part}
    return found
