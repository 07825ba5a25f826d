"""Who takes part in deals, and as what: set by users one by one, and by sources for many deals at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from commands.bulk import Upserted
from commands.journal import BATCH, unit_of_work
from commands.people import erased_among
from commands.permissions import BRING_IN, SELL, require
from models.access import Actor
from models.base import Record, called
from models.deals import ContactRole, Deal, DealContact
from models.errors import InvalidTransition, NotFound
from models.people import Contact
from models.visibility import find


async def set_contact(actor: Actor, deal_id: str, contact_id: str, role: ContactRole) -> DealContact:
    """Have a person take part in a deal as something: a person has one role there, and the new one replaces
    it.

    Raises:
        NotFound: the deal or the contact is none that the actor sees.
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "change who takes part in deals")
    deal = await find(Deal, actor, deal_id, "dealId")
    contact = await find(Contact, actor, contact_id, "contactId")
    contact.check_kept()
    known = await DealContact.get_or_none(tenant_id=deal.tenant_id, deal_id=deal.id, contact_id=contact.id)
    async with unit_of_work(actor, "deals.set_contact") as work:
        if known:
            return await work.update(known, {"role": role, "removed_on": None})
        part = DealContact(
            id=DealContact.make_id(),
            tenant_id=deal.tenant_id,
            deal_id=deal.id,
            contact_id=contact.id,
            role=role,
        )
        return await work.create(part)


async def remove_contact(actor: Actor, part_id: str) -> DealContact:
    """Have a person take part in a deal no more, from today on; as of earlier days the person did."""
    require(actor, SELL, "change who takes part in deals")
    part = await find(DealContact, actor, part_id, "id")
    if part.removed_on is not None:
        raise InvalidTransition(f"the person takes part no more since {part.removed_on}", ["id"])
    async with unit_of_work(actor, "deals.remove_contact") as work:
        return await work.update(part, {"removed_on": work.on})


async def set_contacts(
    actor: Actor, deal_contacts: Sequence[DealContact], *, history: bool = False
) -> Upserted:
    """Let contacts take part in deals; one who does already gets the given role. Nobody is taken out.

    ``ids`` of the result is left empty. ``history`` was known all the time. Repeating it writes nothing.
    People whose data was erased are left as they are, and so is whom a user has taken out of a deal.

    Raises:
        NotFound: a deal or a contact is not one of the tenant's.
    """
    require(actor, BRING_IN, "import who takes part in deals")
    await _check_known(actor, Deal, {row.deal_id for row in deal_contacts}, "dealId")
    await _check_known(actor, Contact, {row.contact_id for row in deal_contacts}, "contactId")
    standing = await _taking_part(actor, {row.deal_id for row in deal_contacts})
    erased = await erased_among(actor.tenant_id, (row.contact_id for row in deal_contacts))
    told = {(row.deal_id, row.contact_id): row for row in deal_contacts}
    wanted = {key: row for key, row in told.items() if row.contact_id not in erased}
    new = [row for key, row in wanted.items() if key not in standing]
    changed = [(standing[key], row) for key, row in wanted.items() if key in standing]
    changed = [pair for pair in changed if pair[0].removed_on is None and pair[0].role != pair[1].role]
    total = Upserted(created=len(new), updated=len(changed), erased=len(told) - len(wanted))
    total.unchanged = len(told) - len(new) - len(changed)
    if new or changed:
        async with unit_of_work(actor, "deals.set_contacts", history=history) as work:
            await work.create_all(new)
            for before, row in changed:
                await work.update(before, {"role": row.role})
    return total


async def _check_known(actor: Actor, model: type[Record], ids: Collection[str], path: str) -> None:
    unknown = set(ids)
    for part in _batches(ids):
        unknown -= set(
            await model.filter(tenant_id=actor.tenant_id, id__in=part).values_list("id", flat=True)
        )
    if unknown:
        raise NotFound(f"no {called(model)} {min(unknown)!r}", [path])


async def _taking_part(actor: Actor, deal_ids: Collection[str]) -> dict[tuple[str, str], DealContact]:
    found: dict[tuple[str, str], DealContact] = {}
    for part in _batches(deal_ids):
        rows = await DealContact.filter(tenant_id=actor.tenant_id, deal_id__in=part)
        found |= {(row.deal_id, row.contact_id): row for row in rows}
    return found


def _batches(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]
